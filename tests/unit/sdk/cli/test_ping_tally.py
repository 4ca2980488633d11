"""Pings are sent at their times and counted, whatever becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from packhorse.cli.ping_tally import PingTally, ping_repeatedly
from packhorse.wire.constants import ErrorCode
from packhorse.wire.errors import SessionClosedByError, TransactionTimeoutError

LOST = TransactionTimeoutError("pinging", 1, 2.0)


def pings(*outcomes: float | Exception) -> Callable[[], Awaitable[float]]:
    """Return a ping with these outcomes, one after the other."""
    left = iter(outcomes)

    async def ping() -> float:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return ping


async def run(ping: Callable[[], Awaitable[float]], count: int) -> PingTally:
    tally = PingTally()
    await ping_repeatedly(ping, tally, count=count, interval=0.0, show=lambda: None)
    return tally


async def test_answers_and_losses_are_counted() -> None:
    tally = await run(pings(0.1, LOST, 0.3, LOST), 4)

    assert (tally.sent, tally.received, tally.loss) == (4, 2, 0.5)
    assert tally.rtts == [0.1, 0.3]


async def test_late_answers_are_sorted_by_their_pings() -> None:
    tally = PingTally()

    tally.answered(1, 0.2)
    tally.answered(0, 0.9)

    summary = tally.summary()
    assert tally.rtts == [0.9, 0.2]
    assert summary is not None
    assert summary.jitter == pytest.approx(0.7)


async def test_tally_without_pings_lost_none() -> None:
    assert (PingTally().loss, PingTally().summary()) == (0.0, None)


async def test_next_ping_does_not_wait_for_the_last_answer() -> None:
    started: list[asyncio.Event] = []

    async def ping() -> float:
        started.append(asyncio.Event())
        if len(started) < 3:
            await started[0].wait()
        else:
            started[0].set()
        return 0.1

    assert (await run(ping, 3)).received == 3


async def test_end_of_the_session_ends_the_pinging_at_once() -> None:
    closed = SessionClosedByError(ErrorCode.ROOM_CLOSED)
    tally = PingTally()

    with pytest.raises(SessionClosedByError) as caught:
        await ping_repeatedly(
            pings(0.1, closed), tally, count=100_000, interval=0.001, show=lambda: None
        )

    assert caught.value is closed
    assert (tally.sent, tally.received) == (1, 1)


async def test_ping_that_is_open_at_the_end_counts_for_nothing() -> None:
    tally = PingTally()

    async def ping() -> float:
        await asyncio.Event().wait()
        return 0.0

    task = asyncio.create_task(
        ping_repeatedly(ping, tally, count=2, interval=0.0, show=lambda: None)
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert tally.sent == 0


async def test_progress_is_shown_for_each_ping() -> None:
    tally, shown = PingTally(), list[int]()

    await ping_repeatedly(
        pings(0.1, LOST, 0.1),
        tally,
        count=3,
        interval=0.0,
        show=lambda: shown.append(tally.sent),
    )

    assert shown == [1, 2, 3]
