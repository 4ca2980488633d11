"""Messages of all modes, channels and sizes; godot_addon/tests/e2e/traffic.gd is the other end."""

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Final

from packhorse import Message, Mode, Room
from tests.support.waiting import next_of

SIZES: Final = (6, 40, 300, 1100, 1194, 1195, 5000, 20_000)  # bytes
CHANNELS: Final = (0, 1, 255)
LARGE: Final = 1 << 20  # bytes; of one reliable message
RELIABLE: Final = (Mode.RELIABLE, Mode.RELIABLE_UNORDERED)
_LARGE_NUMBER: Final = 20
_HEAD: Final = struct.Struct("<BBI")
_PATIENCE: Final = 60.0  # seconds, for one message


def content(mode: Mode, channel: int, number: int) -> bytes:
    """Return a message: mode, channel and number in its lane, then the number's lowest byte."""
    is_large = mode is Mode.RELIABLE and number == _LARGE_NUMBER
    size = LARGE if is_large else SIZES[number % len(SIZES)]
    head = _HEAD.pack(mode, channel, number)
    return head + bytes([number & 0xFF]) * (size - len(head))


def planned(count: int) -> Iterator[tuple[Mode, int, bytes]]:
    """Yield `count` messages of every lane, in turn: mode, channel and data."""
    for number in range(count):
        for mode in Mode:
            for channel in CHANNELS:
                yield mode, channel, content(mode, channel, number)


class Check:
    """Holds what comes from Godot, which does not know RELIABLE_UNORDERED, to its promises."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.counts: Counter[Mode] = Counter()
        """Messages by mode."""
        self._next: Counter[tuple[Mode, int]] = Counter()

    async def run(self, room: Room) -> None:
        """Take messages until all reliable ones have come."""
        while self.counts[Mode.RELIABLE] < self._count * len(CHANNELS):
            self.take(await next_of(room, Message, within=_PATIENCE))

    def take(self, message: Message) -> None:
        """Check one message."""
        mode, channel, number = _HEAD.unpack_from(message.data)
        lane = Mode(mode), channel
        assert (message.mode, message.channel) == lane
        assert message.data == content(*lane, number)
        expected = self._next[lane]
        assert message.mode is not Mode.RELIABLE or number == expected, (number, expected)
        assert message.mode is not Mode.UNRELIABLE_ORDERED or number >= expected
        self._next[lane] = number + 1
        self.counts[message.mode] += 1
