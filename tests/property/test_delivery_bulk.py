"""Bulk transfers through a bottleneck with a queue of one BDP, in virtual time."""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

import pytest

from packhorse.core.delivery.delivered import Delivered
from packhorse.testing import Conditions, End, LinkCounters, Pair, VirtualClock

MIB: Final = 1 << 20
MESSAGE: Final = 16_000  # bytes
DATAGRAM: Final = 1200  # bytes
AHEAD: Final = 256 * 1024  # bytes that wait in the sender, as a room lets them
SMALLEST_QUEUE: Final = 6000  # bytes
WIRE_BYTES: Final = (1173 + 8 + 3 + 6 + 28) / 1173  # full datagram on the wire, per payload byte
WANTED: Final = 0.9  # of what is left of the link
LITTLE_LOSS: Final = 0.001


class Case(NamedTuple):
    """One link."""

    mbit: int
    rtt: float
    loss: float
    mib: int

    def __str__(self) -> str:
        return f"{self.mbit} Mbit-s {self.rtt * 1000:.0f} ms loss {self.loss:.1%}"

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.mbit * 1e6 / 8


class Result(NamedTuple):
    """What a transfer was like; queueing delays in RTTs."""

    utilisation: float
    mean_wait: float
    longest_wait: float
    dropped: int
    took: float


class Source:
    """Keeps the send buffer of one end filled until everything was handed in."""

    def __init__(self, pair: Pair, total: int) -> None:
        self.got = 0
        self._end = pair.left
        self._rest = total
        self._message = bytes(MESSAGE)
        pair.right.on_message = self._take

    def fill(self) -> None:
        """Hand in as much as there is place for."""
        while self._rest > 0 and self._end.delivery.queued_bytes < AHEAD:
            self._rest -= MESSAGE
            self._end.push(self._message)

    def goes_on(self, until: int) -> bool:
        """Fill the buffer; tell whether that many bytes have arrived."""
        self.fill()
        return self.got >= until

    def _take(self, message: Delivered) -> None:
        self.got += len(message.data)


def transfer(case: Case) -> Result:
    """Send `case.mib` MiB from left to right."""
    queue = max(int(case.rate * case.rtt), SMALLEST_QUEUE)
    link = Conditions(latency=case.rtt / 2, loss=case.loss, rate=case.rate, queue=queue)
    pair = Pair(link, seed=str(case))
    source = Source(pair, case.mib * MIB)
    total = case.mib * MIB

    took = pair.run_until(lambda: source.goes_on(total), deadline=20 * total / case.rate + 60)

    return _result(case, pair.there.counters, took)


def _result(case: Case, counters: LinkCounters, took: float) -> Result:
    left = case.rate * (1 - case.loss)
    useful = case.mib * MIB * WIRE_BYTES  # what was sent twice does not count twice
    return Result(
        useful / took / left,
        counters.mean_wait / case.rtt,
        counters.longest_wait / case.rtt,
        counters.dropped,
        took,
    )


def show(case: Case, result: Result) -> None:
    print(
        f"| {case.mbit} Mbit/s | {case.rtt * 1000:.0f} ms | {case.loss:.1%} | {case.mib} MiB "
        f"| {result.utilisation:.3f} | {result.mean_wait:.2f} RTT | {result.longest_wait:.2f} RTT "
        f"| {result.dropped} | {result.took:.1f} s |"
    )


def check(case: Case) -> None:
    """Transfer, print a row, and hold it to the bounds."""
    result = transfer(case)
    show(case, result)
    assert result.mean_wait < 1
    assert case.loss > LITTLE_LOSS or result.utilisation >= WANTED


@pytest.mark.parametrize("loss", [0.0, 0.001, 0.01, 0.02], ids="loss {:.1%}".format)
def test_bulk_transfer_fills_a_home_line(loss: float) -> None:
    check(Case(10, 0.05, loss, 8))


@pytest.mark.parametrize("mbit", [10, 100], ids="{} Mbit".format)
@pytest.mark.parametrize("rtt", [0.05, 0.15], ids="{:.3f} s".format)
def test_beginning_of_a_transfer_overshoots_no_queue(mbit: int, rtt: float) -> None:
    case = Case(mbit, rtt, 0.0, 8)

    result = transfer(case)

    show(case, result)
    assert result.dropped == 0
    assert result.longest_wait < 1


def test_transfer_over_a_long_way_begins_quickly() -> None:
    case = Case(100, 0.15, 0.0, 8)

    assert transfer(case).took < 8 * case.rtt  # 4.5 of them are the transfer itself


@pytest.mark.parametrize("jitter", [0.005, 0.02], ids="{:.3f} s".format)
def test_jitter_does_not_make_a_transfer_overshoot_by_more_than_the_path_holds(
    jitter: float,
) -> None:
    """Datagrams that arrive at once after a delay look like a path without a limit."""
    case = Case(100, 0.15, 0.0, 8)
    queue = int(case.rate * case.rtt)
    link = Conditions(latency=case.rtt / 2, jitter=jitter, rate=case.rate, queue=queue)
    pair = Pair(link, seed="jitter")
    source = Source(pair, case.mib * MIB)

    pair.run_until(lambda: source.goes_on(case.mib * MIB), deadline=20.0)

    assert pair.there.counters.dropped * DATAGRAM < queue


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("loss", [0.0, 0.001, 0.01, 0.02], ids="loss {:.1%}".format)
@pytest.mark.parametrize("rtt", [0.01, 0.05, 0.15], ids="{:.3f} s".format)
@pytest.mark.parametrize("mbit", [10, 100], ids="{} Mbit".format)
def test_large_bulk_transfer_fills_every_line(mbit: int, rtt: float, loss: float) -> None:
    check(Case(mbit, rtt, loss, 64))


@pytest.mark.parametrize("lateness", [0.002, 0.01, 0.02], ids="{:.3f} s".format)
def test_transfer_finds_out_of_a_crawl_though_event_loops_come_late(
    lateness: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a path of almost no RTT, delayed acknowledgements and late timers are all the RTT."""
    random = Random(1)  # noqa: S311 - repeatable by design
    call_at = VirtualClock.call_at

    def call_late(clock: VirtualClock, when: float, action: Callable[[], None]) -> None:
        is_timer = getattr(action, "__func__", None) is End._on_timer
        call_at(clock, when + random.random() * lateness * is_timer, action)

    monkeypatch.setattr(VirtualClock, "call_at", call_late)
    pair = Pair(Conditions(latency=0.0001, rate=100_000.0, queue=20_000), seed="crawl")
    source = Source(pair, 32 * MIB)
    pair.run_until(lambda: source.goes_on(200_000), deadline=30.0)
    pair.there.conditions = Conditions(latency=0.0001, rate=10e6, queue=60_000)

    took = pair.run_until(lambda: source.goes_on(8 * MIB), deadline=300.0)

    print(f"timers late by up to {lateness * 1000:.0f} ms: {8 * MIB / took / 1e6:.2f} MB/s")
    assert 8 * MIB / took > 1e6
