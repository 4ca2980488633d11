"""Transport addresses: as values, on the wire, and as keys of limits."""

import ipaddress
from typing import Final, NamedTuple

_SOURCE_PREFIX_V6: Final = 64  # bits; one customer usually holds a whole /64
_PORT_SIZE: Final = 2  # bytes


class TransportAddress(NamedTuple):
    """Where a datagram comes from or goes to."""

    host: str
    """IP address literal; IPv4-mapped IPv6 is written as IPv4 by the shell."""
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
    packed = ipaddress.ip_address(_without_scope(address.host)).packed
    return packed + address.port.to_bytes(_PORT_SIZE, "big")


def decode_address(data: bytes) -> TransportAddress:
    """Decode what `encode_address` made; `data` has 6 or 18 bytes.

    Source: protocol_spec/SPEC.md section 4.
    """
    host = str(ipaddress.ip_address(data[:-_PORT_SIZE]))
    return TransportAddress(host, int.from_bytes(data[-_PORT_SIZE:], "big"))


def source_of(address: TransportAddress) -> bytes:
    """Return the key under which limits count `address`: IPv4 address or IPv6 /64.

    Source: protocol_spec/SPEC.md section 10.
    """
    packed = ipaddress.ip_address(_without_scope(address.host)).packed
    return packed[: _SOURCE_PREFIX_V6 // 8]


def _without_scope(host: str) -> str:
    return host.partition("%")[0]
