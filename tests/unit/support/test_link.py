"""Tests of the clock that tests move, and of the links that lose what they carry."""

from itertools import pairwise

import pytest

from packhorse.testing.clock import VirtualClock
from packhorse.testing.link import CUT, PERFECT, Conditions, Link
from packhorse.wire.address import TransportAddress

ADDRESS = TransportAddress("192.0.2.7", 7)


def carried(conditions: Conditions, count: int = 1000, *, seed: str = "x") -> list[tuple[int, int]]:
    """Send one datagram each millisecond; return (number, arrival in ms) as they arrive."""
    clock = VirtualClock(now=0.0)
    arrived: list[tuple[int, int]] = []
    link: Link[TransportAddress] = Link(
        clock,
        lambda data, _: arrived.append((int(data), round(clock.now * 1000))),
        conditions,
        seed=seed,
    )
    for number in range(count):
        clock.advance_to(number / 1000)
        link.send(b"%d" % number, ADDRESS)
    clock.advance_to(100.0)
    return arrived


def test_clock_does_things_in_the_order_of_their_times() -> None:
    clock = VirtualClock(now=5.0)
    done: list[tuple[str, float]] = []
    for name, when in (("later", 7.0), ("first", 6.0), ("second", 6.0), ("overdue", 1.0)):
        clock.call_at(when, lambda name=name: done.append((name, clock.now)))  # type: ignore[misc]

    assert clock.next_timeout() == 1.0
    clock.advance_to(6.5)

    assert done == [("overdue", 5.0), ("first", 6.0), ("second", 6.0)]
    assert (clock.now, clock.next_timeout()) == (6.5, 7.0)


def test_clock_never_goes_back() -> None:
    clock = VirtualClock(now=5.0)

    clock.advance_to(4.0)

    assert clock.now == 5.0


def test_perfect_link_carries_everything_at_once_and_in_order() -> None:
    assert carried(PERFECT) == [(number, number) for number in range(1000)]


def test_cut_link_carries_nothing() -> None:
    assert carried(CUT) == []


def test_latency_delays_everything_alike() -> None:
    assert carried(Conditions(latency=0.05)) == [(number, number + 50) for number in range(1000)]


def test_jitter_varies_the_delay_and_keeps_the_order() -> None:
    arrived = carried(Conditions(latency=0.05, jitter=0.04))

    delays = {arrival - number for number, arrival in arrived}
    assert [number for number, _ in arrived] == list(range(1000))
    assert min(delays) >= 50
    assert max(delays) <= 90
    assert len(delays) > 10


def test_reordered_datagrams_are_overtaken() -> None:
    numbers = [number for number, _ in carried(Conditions(reorder=0.1))]

    late = [after for before, after in pairwise(numbers) if after < before]
    assert sorted(numbers) == list(range(1000))
    assert 50 < len(late) < 150


@pytest.mark.parametrize("loss", [0.1, 0.4])
def test_loss_is_about_the_fraction_asked_for(loss: float) -> None:
    assert len(carried(Conditions(loss=loss))) == pytest.approx(1000 * (1 - loss), abs=50)


def test_doubled_datagrams_arrive_twice() -> None:
    numbers = [number for number, _ in carried(Conditions(duplicate=0.2))]

    assert set(numbers) == set(range(1000))
    assert len(numbers) == pytest.approx(1200, abs=50)


def test_datagrams_above_the_mtu_are_lost() -> None:
    assert [number for number, _ in carried(Conditions(mtu=2))] == list(range(100))


def test_same_seed_gives_the_same_fate_and_another_seed_another() -> None:
    wild = Conditions(loss=0.2, latency=0.1, jitter=0.1, reorder=0.2, duplicate=0.2)

    assert carried(wild, seed="a") == carried(wild, seed="a")
    assert carried(wild, seed="a") != carried(wild, seed="b")
