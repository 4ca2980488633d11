"""The structures that the program in the kernel and user space share, byte by byte.

Source: kernel.bpf.c.
"""

import socket
import struct
from typing import Final

from packhorse.aio.udp import SocketAddress

ROUTE_KEY_SIZE: Final = 24
"""Bytes: the source, then a header."""
ROUTE: Final = struct.Struct("=II6s2x")
MEMBER_KEY: Final = struct.Struct("16s2sBx")
INDEX: Final = struct.Struct("=I")
ADDRESS_SIZE: Final = 16  # bytes
PORT: Final = struct.Struct("!H")
COUNT: Final = struct.Struct("=QQ")
MEMBER: Final = struct.Struct("=4Q16s2sHI12s16s4x")
MEMBER_WORDS: Final = MEMBER.size // 8
"""u64 words; the first four are `MAY_OCTETS` and so on."""
MAY_OCTETS: Final = 0
MAY_DATAGRAMS: Final = 1
OCTETS: Final = 2
DATAGRAMS: Final = 3
INTERFACE_AT: Final = 52
"""Bytes from the start of a member."""

_MAPPED: Final = bytes(10) + b"\xff\xff"


def encode_host(host: str) -> bytes:
    """Return 16 bytes; IPv4 as `::ffff:a.b.c.d`.

    Raises:
        OSError: It is no IP address, or one with a zone.
    """
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host)
    return _MAPPED + socket.inet_pton(socket.AF_INET, host)


def encode_source(source: SocketAddress) -> bytes:
    """Return how the keys of all routes of a sender begin."""
    return encode_host(source[0]) + PORT.pack(source[1])


def encode_member_key(address: SocketAddress, tag: int) -> bytes:
    """Return where the index of a member stands."""
    return MEMBER_KEY.pack(encode_host(address[0]), PORT.pack(address[1]), tag)


def encode_member(address: SocketAddress, listener: int, spent: tuple[int, int]) -> bytes:
    """Return a member that may send nothing, and to whom the way is not known."""
    host, port = encode_host(address[0]), PORT.pack(address[1])
    return MEMBER.pack(0, 0, *spent, host, port, listener, 0, bytes(12), bytes(16))
