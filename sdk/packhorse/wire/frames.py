"""The payload of FRAME datagrams: numbers, acknowledgements and pieces of messages."""

import struct
from typing import Final, NamedTuple

from packhorse.wire.constants import MAX_ACK_BITMAP, DropReason, Mode
from packhorse.wire.errors import ParseError

_NUMBER: Final = struct.Struct(">BH")
_ACK: Final = struct.Struct(">HBB")
_U16: Final = struct.Struct(">H")
_FRAGMENT: Final = struct.Struct(">HH")
_CREDIT: Final = struct.Struct(">BI")

_HAS_ACK: Final = 0x01
_ASKS_ACK: Final = 0x02
_PING: Final = 0x80
_CREDIT_TYPE: Final = 0x81
_GENERATION_SHIFT: Final = 2
_MODE_SHIFT: Final = 5
_FRAGMENTED: Final = 0x10
_HAS_CHANNEL: Final = 0x08
_HAS_LENGTH: Final = 0x04
_RESERVED: Final = 0x03
_CONTROL: Final = 0x80
_MAX_DELAY: Final = 255  # milliseconds

NUMBER_SIZE: Final = _NUMBER.size
ACK_SIZE: Final = _ACK.size  # without the bitmap
LENGTH_SIZE: Final = _U16.size
LONGEST_DELAY: Final = _MAX_DELAY / 1000  # seconds; also stands for more
PING_FRAME: Final = bytes([_PING])
CREDIT_SIZE: Final = _CREDIT.size
MAX_CHANNEL: Final = 255
RELIABLE_MODES: Final = frozenset({Mode.RELIABLE, Mode.RELIABLE_UNORDERED})
"""Those whose messages are sent again until they arrive."""


class Ack(NamedTuple):
    """Which numbers arrived: the largest, and a bit for each before it."""

    largest: int
    """u16."""
    delay: float
    """Seconds from its arrival to the acknowledgement, 0..0.255."""
    bitmap: int
    """Bit i is set when `largest` - 1 - i arrived."""


class MessageFrame(NamedTuple):
    """A message or a piece of one."""

    mode: Mode
    channel: int
    sequence: int
    """u16; of the message in its lane; 0 where the mode needs none."""
    part: int
    """Which piece, from 0."""
    parts: int
    """How many pieces; 1 for a whole message."""
    payload: bytes


class FrameDatagram(NamedTuple):
    """The decoded payload of a FRAME datagram."""

    generation: int
    """0..63: after how many restarts it was sent."""
    number: int
    """u16."""
    asks_ack: bool
    has_ping: bool
    """The acknowledgement is wanted at once."""
    ack: Ack | None
    credit: int | None
    """KiB of reliable payload, u32, that the sender of this datagram takes in all."""
    messages: list[MessageFrame]


def encode_prefix(number: int, ack: Ack | None, *, asks_ack: bool, generation: int = 0) -> bytes:
    """Return what stands before the frames; `generation` is 0..63.

    Source: protocol_spec/SPEC.md section 16.
    """
    flags = generation << _GENERATION_SHIFT
    flags |= (_ASKS_ACK if asks_ack else 0) | (_HAS_ACK if ack else 0)
    prefix = _NUMBER.pack(flags, number & 0xFFFF)
    return prefix + _encode_ack(ack) if ack else prefix


def encode_credit(kibibytes: int) -> bytes:
    """Return a CREDIT frame.

    Source: protocol_spec/SPEC.md section 16.
    """
    return _CREDIT.pack(_CREDIT_TYPE, kibibytes & 0xFFFFFFFF)


def encode_message_head(frame: MessageFrame) -> bytes:
    """Return what stands before the payload when the frame is the last of its datagram.

    Source: protocol_spec/SPEC.md section 16.
    """
    is_fragmented = frame.parts > 1
    kind = frame.mode << _MODE_SHIFT
    kind |= (_FRAGMENTED if is_fragmented else 0) | (_HAS_CHANNEL if frame.channel else 0)
    head = bytes([kind, frame.channel]) if frame.channel else bytes([kind])
    if is_fragmented or frame.mode is not Mode.UNRELIABLE:
        head += _U16.pack(frame.sequence & 0xFFFF)
    return head + _FRAGMENT.pack(frame.part, frame.parts) if is_fragmented else head


def with_length(head: bytes, length: int) -> bytes:
    """Return `head` for a frame that others follow."""
    return bytes([head[0] | _HAS_LENGTH]) + head[1:] + _U16.pack(length)


def decode_frames(payload: bytes) -> FrameDatagram:
    """Decode the payload of a FRAME datagram.

    Source: protocol_spec/SPEC.md section 16.

    Raises:
        ParseError: The payload is truncated or holds what no sender may send.
    """
    if len(payload) < NUMBER_SIZE:
        raise ParseError(DropReason.BAD_FRAME, len(payload))
    flags, number = _NUMBER.unpack_from(payload)
    position = NUMBER_SIZE
    ack = None
    has_ping = False
    if flags & _HAS_ACK:
        ack, position = _decode_ack(payload, position)
    credit: int | None = None
    messages: list[MessageFrame] = []
    end = len(payload)
    while position < end:
        kind = payload[position]
        if kind < _CONTROL:
            message, position = _decode_message(payload, position)
            messages.append(message)
        elif kind == _PING:
            has_ping = True
            position += 1
        elif kind == _CREDIT_TYPE and position + CREDIT_SIZE <= end:
            credit = max(credit or 0, _CREDIT.unpack_from(payload, position)[1])
            position += CREDIT_SIZE
        else:
            raise ParseError(DropReason.BAD_FRAME, position)
    generation = flags >> _GENERATION_SHIFT
    asks_ack = bool(flags & _ASKS_ACK)
    return FrameDatagram(generation, number, asks_ack, has_ping, ack, credit, messages)


def _encode_ack(ack: Ack) -> bytes:
    delay = min(int(ack.delay * 1000), _MAX_DELAY)
    size = (ack.bitmap.bit_length() + 7) // 8
    return _ACK.pack(ack.largest & 0xFFFF, delay, size) + ack.bitmap.to_bytes(size, "little")


def _decode_ack(payload: bytes, position: int) -> tuple[Ack, int]:
    start = position + ACK_SIZE
    if len(payload) < start:
        raise ParseError(DropReason.BAD_FRAME, len(payload))
    largest, delay, size = _ACK.unpack_from(payload, position)
    end = start + size
    if size > MAX_ACK_BITMAP or end > len(payload):
        raise ParseError(DropReason.BAD_FRAME, start)
    return Ack(largest, delay / 1000, int.from_bytes(payload[start:end], "little")), end


def _decode_message(payload: bytes, position: int) -> tuple[MessageFrame, int]:
    kind = payload[position]
    if kind & _RESERVED:
        raise ParseError(DropReason.BAD_FRAME, position)
    mode = Mode(kind >> _MODE_SHIFT)
    is_fragmented = kind & _FRAGMENTED
    position += 1
    channel = sequence = index = 0
    count = 1
    try:
        if kind & _HAS_CHANNEL:
            channel = payload[position]
            position += 1
            if channel == 0:
                raise ParseError(DropReason.BAD_FRAME, position)
        if is_fragmented or mode is not Mode.UNRELIABLE:
            (sequence,) = _U16.unpack_from(payload, position)
            position += 2
        if is_fragmented:
            index, count = _FRAGMENT.unpack_from(payload, position)
            position += 4
        end = len(payload)
        if kind & _HAS_LENGTH:
            (length,) = _U16.unpack_from(payload, position)
            position += 2
            end = position + length
    except (struct.error, IndexError):
        raise ParseError(DropReason.BAD_FRAME, position) from None
    if end > len(payload) or (is_fragmented and not _is_fragment(index, count, end - position)):
        raise ParseError(DropReason.BAD_FRAME, position)
    piece = payload[position:end]
    return MessageFrame(mode, channel, sequence, index, count, piece), end


def _is_fragment(index: int, count: int, size: int) -> bool:
    return count > 1 and index < count and size > 0
