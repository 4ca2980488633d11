"""Addresses as the kernel writes them: struct sockaddr_in and sockaddr_in6."""

import socket
import struct
from contextlib import suppress
from typing import Final

from packhorse.aio.udp import SocketAddress

_FAMILY: Final = struct.Struct("=H")
_V4: Final = struct.Struct("!H4s8x")  # port, address; ip(7)
_V6: Final = struct.Struct("!H4x16s")  # port, flow information, address; ipv6(7)
_SCOPE: Final = struct.Struct("=I")
_SCOPE_AT: Final = 24


def encode_address(address: SocketAddress, family: int) -> bytes:
    """Return 16 bytes for IPv4, 28 for IPv6.

    Raises:
        OSError: The address is not one of this family.
    """
    host, port = address
    start = _FAMILY.pack(family)
    if family == socket.AF_INET:
        return start + _V4.pack(port, socket.inet_pton(family, host))
    host, _, zone = host.partition("%")
    packed = _V6.pack(port, socket.inet_pton(family, host))
    return start + packed + _SCOPE.pack(_scope_of(zone))


def decode_address(name: bytes) -> SocketAddress:
    """Return host and port, just as `recvfrom` writes them."""
    (family,) = _FAMILY.unpack_from(name)
    if family == socket.AF_INET:
        port, packed = _V4.unpack_from(name, _FAMILY.size)
        return socket.inet_ntop(family, packed), port
    port, packed = _V6.unpack_from(name, _FAMILY.size)
    (scope,) = _SCOPE.unpack_from(name, _SCOPE_AT)
    host = socket.inet_ntop(family, packed)
    return (f"{host}%{_zone_of(scope)}" if scope else host), port


def _scope_of(zone: str) -> int:
    if not zone:
        return 0
    return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)


def _zone_of(scope: int) -> str:
    with suppress(OSError):
        return socket.if_indextoname(scope)
    return str(scope)
