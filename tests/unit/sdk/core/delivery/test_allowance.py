"""Reliable frames keep to what the relay allows, once it has said so."""

import pytest

from packhorse.core.delivery.allowance import Allowance

HEADER = 6


def sent_until(allowance: Allowance, end: float, size: int) -> int:
    """Send whenever it is allowed, in steps of a millisecond; return how many datagrams."""
    sent = 0
    for step in range(round(end * 1000)):
        now = 1.0 + step / 1000
        while allowance.next_at <= now and sent < 100_000:
            allowance.count(size, now=now)
            sent += 1
    return sent


def test_nothing_is_held_back_before_the_relay_has_said_anything() -> None:
    assert sent_until(Allowance(), 0.002, 1200) == 100_000


@pytest.mark.parametrize(
    ("octets", "datagrams", "size", "expected"),
    [(65_536, 1_000_000, 1194, 51.9), (1 << 30, 150, 1194, 142.5), (1 << 30, 150, 1, 142.5)],
)
def test_rate_is_that_of_the_limit_that_is_reached_first(
    octets: int, datagrams: int, size: int, expected: float
) -> None:
    """0.95 of it, headers included; and what is due in 25 ms at once."""
    allowance = Allowance()

    allowance.limit(octets, datagrams)

    assert sent_until(allowance, 10.0, size) == pytest.approx(10 * expected, rel=0.01, abs=6)


def test_later_limit_takes_the_place_of_the_first() -> None:
    allowance = Allowance()
    allowance.limit(1, 1)
    allowance.limit(1 << 30, 1000)

    assert sent_until(allowance, 1.0, 100) > 900


def test_limit_of_nothing_lets_a_little_through() -> None:
    allowance = Allowance()

    allowance.limit(0, 0)
    allowance.count(19 - HEADER, now=1.0)

    assert allowance.next_at == pytest.approx(1.0 - 0.025 + 20.0)
