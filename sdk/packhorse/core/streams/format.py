"""What two middlemen say to each other about one TCP connection.

A connection is a stream. It has a reliable, ordered lane of its own, one of the channels
16..255, which the middleman that opens the stream picks among those that carry none.
Each message is one byte that says its kind, and a body; integers are big-endian:

| kind | | body | |
|---|---|---|---|
| 1 | OPEN | u8 | connect to this service, 0 is the first; the first message of a stream |
| 2 | OPENED | | the service has taken the connection |
| 3 | DATA | bytes | what the program at this end has sent |
| 4 | FIN | | it sends no more; the other direction goes on |
| 5 | WINDOW | u32 | take so many bytes of DATA more than before |
| 6 | RESET | u8 | the connection is broken off, and why; the last message of this end |
| 7 | CLOSED | | both have sent FIN, all was handed over here; the last message of this end |

DATA may follow OPEN at once, up to 128 KiB; all beyond it is granted by WINDOW. Each end
says RESET or CLOSED exactly once, and answers a RESET with RESET; when both have said it,
the channel is free, and nothing of the old stream can still be under way on its lane.
Longer bodies and other kinds are for later versions: what is not known is ignored.
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

FIRST_CHANNEL: Final = 16
LAST_CHANNEL: Final = 255
INITIAL_WINDOW: Final = 128 * 1024  # bytes of DATA that may come before the first WINDOW
MAX_GRANT: Final = (1 << 32) - 1  # bytes; what one WINDOW can carry

_WINDOW: Final = struct.Struct(">BI")


class StreamKind(IntEnum):
    """First byte of a message."""

    OPEN = 1
    OPENED = 2
    DATA = 3
    FIN = 4
    WINDOW = 5
    RESET = 6
    CLOSED = 7


class ResetReason(IntEnum):
    """Why a connection was broken off."""

    RESET = 0
    """The program at the other end broke it off."""
    NO_SERVICE = 1
    """The host has no such service."""
    REFUSED = 2
    """Nothing listens at the host's service."""
    UNREACHABLE = 3
    """The host's service cannot be reached."""
    BUSY = 4
    """The host has no place for another connection."""
    PROTOCOL = 5
    """The other end broke the rules of the format."""
    NO_ANSWER = 6
    """The other end did not answer in time; never sent."""
    PEER_LEFT = 7
    """The other end has left the room; never sent."""


class StreamMessage(NamedTuple):
    """A decoded message."""

    kind: StreamKind
    value: int
    """Service, bytes or reason, of those kinds that have one."""
    data: bytes
    """Of DATA."""


OPENED: Final = bytes([StreamKind.OPENED])
FIN: Final = bytes([StreamKind.FIN])
CLOSED: Final = bytes([StreamKind.CLOSED])
_DATA: Final = bytes([StreamKind.DATA])
_KINDS: Final = {kind.value: kind for kind in StreamKind}
_EMPTY: Final = {
    StreamKind.OPENED: StreamMessage(StreamKind.OPENED, 0, b""),
    StreamKind.FIN: StreamMessage(StreamKind.FIN, 0, b""),
    StreamKind.CLOSED: StreamMessage(StreamKind.CLOSED, 0, b""),
}
_REASONS: Final = {reason.value: reason for reason in ResetReason}


def encode_open(service: int) -> bytes:
    """Return OPEN for service 0..255."""
    return bytes([StreamKind.OPEN, service])


def encode_data(data: bytes) -> bytes:
    """Return DATA."""
    return _DATA + data


def encode_window(size: int) -> bytes:
    """Return WINDOW for 1 to `MAX_GRANT` bytes."""
    return _WINDOW.pack(StreamKind.WINDOW, size)


def encode_reset(reason: ResetReason) -> bytes:
    """Return RESET."""
    return bytes([StreamKind.RESET, reason])


def known_reason(value: int) -> ResetReason:
    """Return the reason of a RESET; one that is not known counts as a plain one."""
    return _REASONS.get(value, ResetReason.RESET)


def decode_stream_message(message: bytes) -> StreamMessage:
    """Decode a message.

    Raises:
        ParseError: It is empty or cut, or of a kind that is not known.
    """
    if not message:
        raise ParseError(DropReason.TOO_SHORT)
    kind = _KINDS.get(message[0])
    if kind is None:
        raise ParseError(DropReason.UNKNOWN_TYPE)
    if kind is StreamKind.DATA:
        return StreamMessage(kind, 0, message[1:])
    return _EMPTY.get(kind) or StreamMessage(kind, _value(kind, message), b"")


def _value(kind: StreamKind, message: bytes) -> int:
    size = _WINDOW.size if kind is StreamKind.WINDOW else 2
    if len(message) < size:
        raise ParseError(DropReason.TRUNCATED, len(message))
    return int.from_bytes(message[1:size], "big")
