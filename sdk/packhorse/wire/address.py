"""Transport addresses: as values, on the wire, and as keys of limits; ports as text."""

import ipaddress
from typing import Final, NamedTuple, TypeAlias

ADDRESS_SIZES: Final = frozenset({6, 18})  # bytes of IPv4 and IPv6 addresses with a port
MAX_PORT: Final = 65535
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_SOURCE_PREFIX_V6: Final = 64  # bits; one customer usually holds a whole /64
_PORT_SIZE: Final = 2  # bytes
_PORT_DIGITS: Final = 5
_NOT_IN_HOSTS: Final = " /@?#[]"


class TransportAddress(NamedTuple):
    """Where a datagram comes from or goes to."""

    host: str
    """IP address literal; shells write IPv4-mapped IPv6 as IPv4."""
    port: int
    """0..65535."""
    listener: int = 0
    """Which of the own sockets: an index that the shell gives out."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def encode_address(address: TransportAddress) -> bytes:
    """Return the IP (4 or 16 bytes) and the port (2 bytes), big-endian.

    Source: protocol_spec/SPEC.md section 4.
    """
    return _parse(address.host).packed + address.port.to_bytes(_PORT_SIZE, "big")


def decode_address(data: bytes) -> TransportAddress:
    """Decode what `encode_address` made; `data` has 6 or 18 bytes.

    Source: protocol_spec/SPEC.md section 4.
    """
    host = _as_ipv4(ipaddress.ip_address(data[:-_PORT_SIZE]))
    return TransportAddress(str(host), int.from_bytes(data[-_PORT_SIZE:], "big"))


def split_port(text: str) -> tuple[str, str]:
    """Return the host and the digits of the port, of `host`, `host:port` or `[ipv6]:port`.

    An IPv6 address may stand without brackets where no port follows. The digits are empty
    without a port; the host is empty where there is none that could be meant.
    """
    if text.startswith("["):
        host, end, rest = text[1:].partition("]")
        host, digits = host if end and rest[:1] in {"", ":"} else "", rest[1:]
    elif text.count(":") > 1:
        host, digits = text, ""
    else:
        host, _, digits = text.partition(":")
    is_host = host.isprintable() and not any(sign in host for sign in _NOT_IN_HOSTS)
    return host if is_host else "", digits


def parse_port(text: str) -> int | None:
    """Return the port in 0..65535 that ASCII digits name; None when there is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _PORT_DIGITS
    return int(text) if is_number and int(text) <= MAX_PORT else None


def is_loopback(address: TransportAddress) -> bool:
    """Tell whether an address is this host's own loopback."""
    return _parse(address.host).is_loopback


def source_of(address: TransportAddress) -> bytes:
    """Return the key under which limits count `address`: IPv4 address or IPv6 /64.

    Source: protocol_spec/SPEC.md section 10.
    """
    if ":" not in address.host:
        return bytes(map(int, address.host.split(".")))
    return _parse(address.host).packed[: _SOURCE_PREFIX_V6 // 8]


def _parse(host: str) -> _Address:
    return _as_ipv4(ipaddress.ip_address(host.partition("%")[0]))


def _as_ipv4(address: _Address) -> _Address:
    """Return IPv4-mapped IPv6 as IPv4, so that one host has one form and one source."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
