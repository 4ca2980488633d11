"""A socket filter that lets the kernel of Linux drop HELLOs before anybody reads them."""

import ctypes
import socket
import struct
import sys
from typing import Final

from packhorse.wire.constants import FirstByte, MessageType

_ATTACH: Final = 26  # SO_ATTACH_FILTER
_DETACH: Final = 27  # SO_DETACH_FILTER
_INSTRUCTION: Final = struct.Struct("=HBBI")  # linux/filter.h, struct sock_filter
_PROGRAM: Final = struct.Struct("@HP")  # struct sock_fprog
_LOAD_BYTE: Final = 0x30
_LOAD_WORD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_GREATER: Final = 0x25
_RETURN: Final = 0x06
_RANDOM: Final = 0xFFFFF000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM
_UDP_HEADER: Final = 8  # bytes before the datagram
_TYPE_KEY: Final = _UDP_HEADER + 7  # after our header and the start of the map
_TYPE: Final = _TYPE_KEY + 1
_WHOLE: Final = 0xFFFFFFFF


def read_share_of_hellos(sock: socket.socket, share: float) -> bool:
    """Let the kernel drop all but this share (0..1) of the HELLOs; False where it cannot.

    Everything else is read as before. Sources: SPEC.md section 5.1 for where the type
    stands; the kernel's Documentation/networking/filter.rst.
    """
    if sys.platform != "linux":
        return False
    try:
        if share >= 1:
            sock.setsockopt(socket.SOL_SOCKET, _DETACH, 0)
        else:
            _attach(sock, _program(share))
    except OSError:
        return False
    return True


def _program(share: float) -> bytes:
    instructions = [
        (_LOAD_BYTE, 0, 0, _UDP_HEADER),
        (_JUMP_EQUAL, 0, 6, FirstByte.CTRL),
        (_LOAD_BYTE, 0, 0, _TYPE_KEY),
        (_JUMP_EQUAL, 0, 4, 0),
        (_LOAD_BYTE, 0, 0, _TYPE),
        (_JUMP_EQUAL, 0, 2, MessageType.HELLO),
        (_LOAD_WORD, 0, 0, _RANDOM),
        (_JUMP_GREATER, 1, 0, int(share * _WHOLE)),
        (_RETURN, 0, 0, _WHOLE),
        (_RETURN, 0, 0, 0),
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in instructions)


def _attach(sock: socket.socket, program: bytes) -> None:
    kept = ctypes.create_string_buffer(program, len(program))
    count = len(program) // _INSTRUCTION.size
    sock.setsockopt(socket.SOL_SOCKET, _ATTACH, _PROGRAM.pack(count, ctypes.addressof(kept)))
