"""Entries of the list of public rooms."""

import struct
from enum import IntFlag
from typing import Final, NamedTuple

from packhorse.wire.constants import MAX_METADATA, DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.room_code import CODE_BYTES, RoomCode, decode_room_code, encode_room_code

_HEAD: Final = struct.Struct(f">{CODE_BYTES}sHHBH")  # code, members, places, flags, metadata size


class _Flag(IntFlag):
    PASSWORD = 1
    APPROVAL = 2
    LOCKED = 4


class ListedRoom(NamedTuple):
    """A public room, as its host shows it."""

    code: RoomCode
    """In canonical form."""
    peers: int
    """Members, host included."""
    max_peers: int
    """Places, host included."""
    has_password: bool
    needs_approval: bool
    is_locked: bool
    metadata: bytes
    """What its host says about it, up to 512 bytes: a stranger's words."""


def encode_listed(room: ListedRoom) -> bytes:
    """Return the entry of a room, 12..524 bytes.

    Source: protocol_spec/SPEC.md section 7.7.
    """
    flags = _Flag(0)
    flags |= _Flag.PASSWORD if room.has_password else flags
    flags |= _Flag.APPROVAL if room.needs_approval else flags
    flags |= _Flag.LOCKED if room.is_locked else flags
    code = decode_room_code(room.code)
    head = _HEAD.pack(code, room.peers, room.max_peers, flags, len(room.metadata))
    return head + room.metadata


def decode_listed(data: bytes) -> list[ListedRoom]:
    """Decode the entries of a page.

    Source: protocol_spec/SPEC.md section 7.7.

    Raises:
        ParseError: They do not end where the page ends, or metadata is too long.
    """
    rooms: list[ListedRoom] = []
    start = 0
    while start < len(data):
        room, start = _decode_one(data, start)
        rooms.append(room)
    return rooms


def _decode_one(data: bytes, start: int) -> tuple[ListedRoom, int]:
    middle = start + _HEAD.size
    if middle > len(data):
        raise ParseError(DropReason.TRUNCATED, start)
    code, peers, places, bits, size = _HEAD.unpack_from(data, start)
    if size > MAX_METADATA:
        raise ParseError(DropReason.BAD_FIELD, start)
    end = middle + size
    if end > len(data):
        raise ParseError(DropReason.TRUNCATED, middle)
    room = ListedRoom(
        code=encode_room_code(code),
        peers=peers,
        max_peers=places,
        has_password=bool(bits & _Flag.PASSWORD),
        needs_approval=bool(bits & _Flag.APPROVAL),
        is_locked=bool(bits & _Flag.LOCKED),
        metadata=data[middle:end],
    )
    return room, end
