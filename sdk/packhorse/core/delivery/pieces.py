"""Messages cut into frames that fit a datagram."""

from dataclasses import dataclass

from packhorse.wire.constants import FRAGMENT_SIZE, Mode
from packhorse.wire.frames import MessageFrame, encode_message_head

UNCOUNTED = -1


@dataclass(slots=True, eq=False)
class Piece:
    """A frame on its way: sent, perhaps lost, sent again, acknowledged."""

    head: bytes
    """What stands before the payload, without a length."""
    payload: bytes
    lane: int
    """Key of the reliable lane that counts it, or `UNCOUNTED`."""
    sequence: int
    is_control: bool = False
    is_acked: bool = False
    is_waiting: bool = False
    """To be sent again."""
    cost: int = 0
    """Credit that sending it takes: that of the whole message, at its first piece."""

    @property
    def size(self) -> int:
        """Bytes in a datagram, without a length."""
        return len(self.head) + len(self.payload)

    @property
    def is_repeated(self) -> bool:
        """Tell whether it is sent again until it is acknowledged."""
        return self.lane != UNCOUNTED or self.is_control


def cut(
    data: bytes, mode: Mode, channel: int, sequence: int, largest: int = FRAGMENT_SIZE
) -> list[Piece]:
    """Return the pieces of a message; one when it fits.

    Args:
        data: 0 bytes and more.
        mode: How it travels.
        channel: 0..255.
        sequence: Number of the message in its lane.
        largest: Bytes of payload in one piece.
    """
    count = max(1, -(-len(data) // largest))
    lane = lane_key(mode, channel)
    if count == 1:
        head = encode_message_head(MessageFrame(mode, channel, sequence, 0, 1, b""))
        return [Piece(head, data, lane, sequence)]
    frames = (MessageFrame(mode, channel, sequence, index, count, b"") for index in range(count))
    return [
        Piece(encode_message_head(frame), data[i * largest : (i + 1) * largest], lane, sequence)
        for i, frame in enumerate(frames)
    ]


def lane_key(mode: Mode, channel: int) -> int:
    """Return one integer for a mode and a channel."""
    return mode << 8 | channel
