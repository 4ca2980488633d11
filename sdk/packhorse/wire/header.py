"""The 6-byte header of every datagram."""

import struct
from typing import Final, NamedTuple

from packhorse.wire.constants import (
    FANOUT_BIT,
    FIRST_BYTE,
    HEADER_SIZE,
    LEGACY_PREFIX,
    MARK,
    MAX_DATAGRAM,
    DropReason,
    FirstByte,
    Kind,
)
from packhorse.wire.errors import ParseError

HOST: Final = 1  # peer id
_HEADER: Final = struct.Struct(">BBI")
_SIGNED_HEADER: Final = struct.Struct(">BBi")
_KINDS: Final = {FIRST_BYTE | kind: kind for kind in Kind}
_LEGACY_FIRST_BYTE: Final = LEGACY_PREFIX >> 8


class Header(NamedTuple):
    """A decoded header."""

    kind: Kind
    tag: int
    """Session tag, 0..255."""
    word: int
    """u32 whose meaning depends on the kind and the direction."""

    @property
    def destination(self) -> int:
        """Return the word as a member means it: 0 all, n peer n, -n all but n."""
        return self.word - (1 << 32) if self.word & FANOUT_BIT else self.word

    @property
    def source(self) -> int:
        """Return the peer id that the relay stamped."""
        return self.word & ~FANOUT_BIT

    @property
    def is_fanout(self) -> bool:
        """Tell whether this is a copy of a datagram that named several peers."""
        return bool(self.word & FANOUT_BIT)


def encode_header(first_byte: FirstByte, tag: int, word: int) -> bytes:
    """Return 6 bytes: the first byte, the tag 0..255, the word 0..2^32-1.

    Source: protocol_spec/SPEC.md section 2.
    """
    return _HEADER.pack(first_byte, tag, word)


def encode_destination(first_byte: FirstByte, tag: int, destination: int) -> bytes:
    """Return the header of a member's DATA or FRAME.

    Args:
        first_byte: DATA or FRAME.
        tag: Tag of the sender's session.
        destination: 0 all others, n peer n, -n all others but n.

    Source: protocol_spec/SPEC.md section 2.
    """
    return _SIGNED_HEADER.pack(first_byte, tag, destination)


def decode_header(data: bytes) -> Header:
    """Decode the header at the start of a datagram.

    Source: protocol_spec/SPEC.md section 2.

    Raises:
        ParseError: Too short, too large, of no known kind, of another version, CTRL with a
            tag, or DATA or FRAME without a payload.
    """
    if len(data) < HEADER_SIZE:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    if len(data) > MAX_DATAGRAM:
        raise ParseError(DropReason.TOO_LARGE, MAX_DATAGRAM)
    first, tag, word = _HEADER.unpack_from(data)
    kind = _KINDS.get(first)
    if kind is None:
        raise ParseError(_foreign(first))
    if kind is Kind.CTRL:
        if tag:
            raise ParseError(DropReason.NONZERO_TAG, 1)
    elif kind is not Kind.SEAL and len(data) == HEADER_SIZE:
        raise ParseError(DropReason.EMPTY_PAYLOAD, HEADER_SIZE)
    return Header(kind, tag, word)


def is_legacy(data: bytes) -> bool:
    """Tell whether the first byte is that of the legacy protocol."""
    return data[:1] == bytes([_LEGACY_FIRST_BYTE])


def _foreign(first: int) -> DropReason:
    is_ours = first >> 4 == MARK
    return DropReason.UNSUPPORTED_VERSION if is_ours else DropReason.UNKNOWN_PREFIX
