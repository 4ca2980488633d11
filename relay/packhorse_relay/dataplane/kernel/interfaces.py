"""The interfaces of this machine that carry the relay's addresses."""

import ctypes
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

if sys.platform == "linux":
    import fcntl

_LIST: Final = 0x8912  # SIOCGIFCONF of linux/sockios.h
_KIND: Final = 0x8927  # SIOCGIFHWADDR
_MTU: Final = 0x8921  # SIOCGIFMTU
_REQUEST: Final = struct.Struct("16s24s")  # struct ifreq of a 64-bit system
_ROOM: Final = 256  # addresses
_WITH_ETHERNET: Final = frozenset({1, 772})  # ARPHRD_ETHER, ARPHRD_LOOPBACK
_LEAST_MTU: Final = 1454  # bytes: the largest datagram in UDP and IPv6
_IPV6: Final = Path("/proc/self/net/if_inet6")  # also where /proc shows processes only
_LINK_LOCAL: Final = "20"  # scope
_WILDCARDS: Final = {False: "0.0.0.0", True: "::"}  # noqa: S104 - what others bind to


class OwnAddress(NamedTuple):
    """An address of this machine that a listener has."""

    host: str
    listener: int
    interface: str


def own_addresses(bind: Sequence[str]) -> list[OwnAddress]:
    """Return the addresses behind those that the relay is bound to, in order of listeners.

    Link-local ones are left out, for they mean nothing without an interface.
    """
    listeners = {host: number for number, host in enumerate(bind)}
    found = [*_ipv4(), *_ipv6()]
    return [
        OwnAddress(host, listener, interface)
        for host, interface in found
        if (listener := listeners.get(host, listeners.get(_WILDCARDS[":" in host]))) is not None
    ]


def why_unsuitable(interface: str) -> str:
    """Return why the program cannot work on an interface, or ""."""
    try:
        kind = struct.unpack_from("=H", _ask(_KIND, interface))[0]
        mtu = struct.unpack_from("=i", _ask(_MTU, interface))[0]
    except OSError as error:
        return f"{error.strerror}"
    if kind not in _WITH_ETHERNET:
        return "it is no Ethernet"
    return f"its MTU is {mtu}" if mtu < _LEAST_MTU else ""


def _ipv4() -> Iterator[tuple[str, str]]:
    memory = ctypes.create_string_buffer(_ROOM * _REQUEST.size)
    request = struct.pack("@iP", len(memory), ctypes.addressof(memory))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        size, _ = struct.unpack("@iP", fcntl.ioctl(sock, _LIST, request))
    for name, address in _REQUEST.iter_unpack(memory.raw[:size]):
        yield socket.inet_ntoa(address[4:8]), name.rstrip(b"\0").partition(b":")[0].decode()


def _ipv6() -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for line in _IPV6.read_text("ascii").splitlines():
            address, _, _, scope, _, interface = line.split()
            if scope != _LINK_LOCAL:
                yield socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address)), interface


def _ask(request: int, interface: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer: bytes = fcntl.ioctl(sock, request, _REQUEST.pack(interface.encode(), b""))
    return answer[16:]
