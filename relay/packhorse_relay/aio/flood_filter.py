"""A socket filter that lets the kernel of Linux drop strays before anybody reads them."""

import ctypes
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from packhorse.wire.constants import FirstByte, MessageType
from packhorse_relay.core.flood_sampling import ALL, Shares, Stray

_ATTACH: Final = 26  # SO_ATTACH_FILTER
_DETACH: Final = 27  # SO_DETACH_FILTER
_INSTRUCTION: Final = struct.Struct("=HBBI")  # linux/filter.h, struct sock_filter
_PROGRAM: Final = struct.Struct("@HP")  # struct sock_fprog
_LOAD_BYTE: Final = 0x30
_LOAD_HALF: Final = 0x28
_LOAD_WORD: Final = 0x20
_SHIFT_LEFT: Final = 0x64
_XOR_X: Final = 0xAC
_COPY_TO_X: Final = 0x07
_JUMP: Final = 0x05
_JUMP_EQUAL: Final = 0x15
_JUMP_GREATER: Final = 0x25
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_RANDOM: Final = 0xFFFFF000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM
_NETWORK_HEADER: Final = 0xFFF00000  # SKF_NET_OFF
_SOURCE_END: Final = {socket.AF_INET: 12, socket.AF_INET6: 20}  # last 4 bytes of the address
_UDP_HEADER: Final = 8  # bytes before the datagram; it begins with the source port
_TYPE_KEY: Final = _UDP_HEADER + 7  # after our header and the start of the map
_TYPE: Final = _TYPE_KEY + 1
_WHOLE: Final = 0xFFFFFFFF
_LONGEST: Final = 4096  # instructions; BPF_MAXINSNS
_LEAF: Final = 16  # members that are compared one after the other

Address = tuple[str, int]


class Instruction(NamedTuple):
    """One instruction; a jump that leads to `_strays` is made when its place is known."""

    code: int
    if_true: int
    if_false: int
    value: int


_ACCEPT: Final = Instruction(_RETURN, 0, 0, _WHOLE)
_DROP: Final = Instruction(_RETURN, 0, 0, 0)
_TO_STRAYS: Final = Instruction(_JUMP, 0, 0, _WHOLE)


def read_shares(sock: socket.socket, shares: Shares, members: Iterable[Address]) -> bool:
    """Let the kernel drop all but these shares of what does not come from a member.

    Where it takes no list of so many members, it drops HELLOs alone.

    Args:
        sock: Bound to one family of addresses.
        shares: For each kind of stray.
        members: Whose datagrams are all read.

    Returns:
        False where there are no such filters.

    Sources: SPEC.md section 5.1 for where the type stands; the kernel's
    Documentation/networking/filter.rst.
    """
    if sys.platform != "linux":
        return False
    if shares == ALL:
        return _set(sock, _DETACH, bytes(4))
    keys = sorted({_key(member) for member in members})
    hellos_only = shares[Stray.HELLO], 1.0, 1.0
    return _attach(sock, _program(shares, sock.family, keys)) or _attach(
        sock, _program(hellos_only, sock.family, [])
    )


def _key(address: Address) -> int:
    """Return what the filter knows an address by: nobody can hit it without knowing it."""
    packed = ipaddress.ip_address(address[0].partition("%")[0]).packed
    return int.from_bytes(packed[-4:]) ^ address[1] << 16


def _program(shares: Shares, family: int, keys: Sequence[int]) -> list[Instruction]:
    instructions = [
        Instruction(_LOAD_HALF, 0, 0, 0),
        Instruction(_SHIFT_LEFT, 0, 0, 16),
        Instruction(_COPY_TO_X, 0, 0, 0),
        Instruction(_LOAD_WORD, 0, 0, _NETWORK_HEADER + _SOURCE_END[socket.AddressFamily(family)]),
        Instruction(_XOR_X, 0, 0, 0),
        *_members(keys),
    ]
    end = len(instructions)
    return [
        Instruction(_JUMP, 0, 0, end - index - 1) if instruction is _TO_STRAYS else instruction
        for index, instruction in enumerate(instructions)
    ] + _strays(shares)


def _members(keys: Sequence[int]) -> list[Instruction]:
    """Search the keys by halves; `_ACCEPT` when the key is found."""
    if len(keys) > _LEAF:
        middle = len(keys) // 2
        lower, upper = _members(keys[:middle]), _members(keys[middle:])
        compare = Instruction(_JUMP_AT_LEAST, 0, 1, keys[middle])
        return [compare, Instruction(_JUMP, 0, 0, len(lower)), *lower, *upper]
    compares = [
        Instruction(_JUMP_EQUAL, len(keys) - index, 0, key) for index, key in enumerate(keys)
    ]
    return [*compares, _TO_STRAYS, _ACCEPT]


def _strays(shares: Shares) -> list[Instruction]:
    """Pick at random, by kind: three instructions for each, after seven that tell the kind."""
    return [
        Instruction(_LOAD_BYTE, 0, 0, _UDP_HEADER),
        Instruction(_JUMP_EQUAL, 8, 0, FirstByte.SEAL),
        Instruction(_JUMP_EQUAL, 0, 10, FirstByte.CTRL),
        Instruction(_LOAD_BYTE, 0, 0, _TYPE_KEY),
        Instruction(_JUMP_EQUAL, 0, 5, 0),
        Instruction(_LOAD_BYTE, 0, 0, _TYPE),
        Instruction(_JUMP_EQUAL, 0, 3, MessageType.HELLO),
        *_pick(shares[Stray.HELLO], 6),
        *_pick(shares[Stray.CONTROL], 3),
        *_pick(shares[Stray.OTHER], 0),
        _DROP,
    ]


def _pick(share: float, after: int) -> list[Instruction]:
    """Accept a share; else go on to `_DROP`, which stands `after` these three."""
    return [
        Instruction(_LOAD_WORD, 0, 0, _RANDOM),
        Instruction(_JUMP_GREATER, 1 + after, 0, int(share * _WHOLE)),
        _ACCEPT,
    ]


def _attach(sock: socket.socket, program: Sequence[Instruction]) -> bool:
    if len(program) > _LONGEST:
        return False
    packed = b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)
    kept = ctypes.create_string_buffer(packed, len(packed))
    return _set(sock, _ATTACH, _PROGRAM.pack(len(program), ctypes.addressof(kept)))


def _set(sock: socket.socket, option: int, value: bytes) -> bool:
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, value)
    except OSError:
        return option == _DETACH  # there was none
    return True
