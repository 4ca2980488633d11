"""Datagrams of the legacy protocol: prefix, id, payload."""

import struct
from typing import Final, NamedTuple

from packhorse.wire.constants import (
    HEADER_SIZE,
    LEGACY_MAX_ID,
    LEGACY_PREFIX,
    MAX_DATAGRAM,
    DropReason,
)
from packhorse.wire.errors import ParseError

_LEGACY: Final = struct.Struct(">HI")


class LegacyDatagram(NamedTuple):
    """A decoded legacy datagram; an empty payload registers the id."""

    peer: int
    payload: bytes


def encode_legacy(peer: int, payload: bytes = b"") -> bytes:
    """Return the datagram for the id 1..2^31-1.

    Source: protocol_spec/SPEC.md section 11.
    """
    return _LEGACY.pack(LEGACY_PREFIX, peer) + payload


def decode_legacy(data: bytes) -> LegacyDatagram:
    """Decode a legacy datagram.

    Source: protocol_spec/SPEC.md section 11.

    Raises:
        ParseError: Too short or too large, another prefix, or an id out of range.
    """
    if len(data) < HEADER_SIZE:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    if len(data) > MAX_DATAGRAM:
        raise ParseError(DropReason.TOO_LARGE, MAX_DATAGRAM)
    prefix, peer = _LEGACY.unpack_from(data)
    if prefix != LEGACY_PREFIX:
        raise ParseError(DropReason.UNKNOWN_PREFIX)
    if not 1 <= peer <= LEGACY_MAX_ID:
        raise ParseError(DropReason.LEGACY_BAD_ID, 2)
    return LegacyDatagram(peer, data[HEADER_SIZE:])
