"""The pings of the demo: numbered, matched with their echoes, paced and added up."""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Final

from packhorse.cli.rtt_summary import RttSummary, summarize
from packhorse.wire.errors import ConnectivityError

INTERVAL: Final = 0.05  # seconds between pings of one client
_SIZE: Final = 64  # bytes of a ping; what a small game sends for each frame
_SEQUENCE: Final = struct.Struct("!I")
_PATIENCE: Final = 1.0  # seconds to wait for the last echoes
_STEP: Final = 0.01  # seconds between looks whether they have come
_DRAW_EVERY: Final = 4  # rounds of pings


class PingSeries:
    """Numbers pings and matches the echoes; knows nothing of how they travel."""

    def __init__(self) -> None:
        self._sent_at: list[float] = []  # by sequence number
        self._rtts: dict[int, float] = {}  # by sequence number, in order of arrival

    @property
    def sent(self) -> int:
        """Pings so far."""
        return len(self._sent_at)

    @property
    def received(self) -> int:
        """Pings that came back."""
        return len(self._rtts)

    @property
    def loss(self) -> float:
        """Fraction of the pings that did not come back, 0..1."""
        return 1 - self.received / self.sent if self.sent else 0.0

    @property
    def rtts(self) -> list[float]:
        """Round-trip times in seconds, in order of arrival."""
        return list(self._rtts.values())

    def next_ping(self, *, now: float) -> bytes:
        """Return the next ping; its time runs from `now`."""
        self._sent_at.append(now)
        return _SEQUENCE.pack(self.sent - 1).ljust(_SIZE, b"\0")

    def take_echo(self, data: bytes, *, now: float) -> None:
        """Stop the time of the ping that came back; ignore copies and foreign bytes."""
        if len(data) != _SIZE:
            return
        (sequence,) = _SEQUENCE.unpack_from(data)
        if sequence < self.sent and sequence not in self._rtts:
            self._rtts[sequence] = now - self._sent_at[sequence]

    def summary(self) -> RttSummary | None:
        """Add up the round-trip times; None when nothing came back."""
        return summarize(self.rtts)


class PingClient:
    """A series of pings and the way they go."""

    def __init__(self, name: str, way: str) -> None:
        """Make a client that cannot send yet.

        Args:
            name: What it is, for people.
            way: How it gets into the room: `middleman` or `sdk`.
        """
        self.name = name
        self.way = way
        self.pings = PingSeries()
        self.send: Callable[[bytes], object] = lambda _data: None
        """Sends one datagram towards the server."""
        self._clock = asyncio.get_running_loop().time

    def ping(self) -> None:
        """Send the next ping."""
        self.send(self.pings.next_ping(now=self._clock()))

    def take_echo(self, data: bytes) -> None:
        """Take what came back."""
        self.pings.take_echo(data, now=self._clock())


async def ping_by_turns(
    clients: Sequence[PingClient], seconds: float, draw: Callable[[float], None]
) -> None:
    """Let each client ping 20 times a second, in turn, then wait for the last echoes.

    Drawing takes some milliseconds, so it comes midway between two pings, where it is no
    part of what is measured.

    Args:
        clients: At least one.
        seconds: How long to send; at least one ping each is sent.
        draw: Called some times a second with the seconds that have passed.
    """
    loop = asyncio.get_running_loop()
    begin = loop.time()
    turn = INTERVAL / len(clients)
    for number in range(max(1, round(seconds / INTERVAL))):
        for index, client in enumerate(clients):
            await _sleep_until(begin + number * INTERVAL + index * turn)
            client.ping()
        if number % _DRAW_EVERY == 0:
            await _sleep_until(loop.time() + turn / 2)
            draw(loop.time() - begin)
    deadline = loop.time() + _PATIENCE
    while any(client.pings.received < client.pings.sent for client in clients):
        if loop.time() >= deadline:
            return
        await asyncio.sleep(_STEP)


def require_answers(clients: Sequence[PingClient]) -> None:
    """See that every client got an answer.

    Raises:
        ConnectivityError: One got none.
    """
    silent = [client for client in clients if not client.pings.received]
    if silent:
        raise ConnectivityError(
            "measuring",
            tuple(f"no ping of the {client.name} came back" for client in silent),
            "see that no firewall on this machine blocks UDP between programs",
        )


async def _sleep_until(deadline: float) -> None:
    await asyncio.sleep(max(0.0, deadline - asyncio.get_running_loop().time()))
