"""Sends pings at their times, waits for each answer, and counts."""

import asyncio
from collections.abc import Awaitable, Callable

from packhorse.cli.rtt_summary import RttSummary, summarize
from packhorse.wire.errors import TransactionTimeoutError


class PingTally:
    """What became of the pings so far."""

    def __init__(self) -> None:
        self.sent = 0
        """Pings that were answered, or not in time."""
        self._rtts: dict[int, float] = {}

    @property
    def received(self) -> int:
        """Pings that were answered."""
        return len(self._rtts)

    @property
    def loss(self) -> float:
        """Fraction of the pings that were not answered, 0..1."""
        return 1 - self.received / self.sent if self.sent else 0.0

    @property
    def rtts(self) -> list[float]:
        """Round-trip times in seconds, in the order of the pings."""
        return [rtt for _, rtt in sorted(self._rtts.items())]

    def answered(self, number: int, rtt: float) -> None:
        """Note the answer to a ping; pings are numbered from 0."""
        self.sent += 1
        self._rtts[number] = rtt

    def lost(self) -> None:
        """Note that a ping was not answered in time."""
        self.sent += 1

    def summary(self) -> RttSummary | None:
        """Add up the round-trip times; None when nothing came back."""
        return summarize(self.rtts)


async def ping_repeatedly(
    ping: Callable[[], Awaitable[float]],
    tally: PingTally,
    *,
    count: int,
    interval: float,
    show: Callable[[], None],
) -> None:
    """Send pings at their times, whether or not the ones before were answered.

    Args:
        ping: Sends one and returns its round-trip time in seconds; raises
            `TransactionTimeoutError` when it counts as lost.
        tally: Counts; pings that are neither answered nor lost when this ends do not.
        count: How many.
        interval: Seconds from one to the next.
        show: Called when the tally has changed.

    Raises:
        PackhorseError: What else a ping raised; it ends the rest.
    """
    loop = asyncio.get_running_loop()
    begin = loop.time()

    async def one(number: int) -> None:
        try:
            tally.answered(number, await ping())
        except TransactionTimeoutError:
            tally.lost()
        show()

    try:
        async with asyncio.TaskGroup() as pings:
            for number in range(count):
                await asyncio.sleep(max(0.0, begin + number * interval - loop.time()))
                pings.create_task(one(number), name=f"packhorse-ping-{number}")
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
