"""Tests of what a member may send, and of when it is told or its session ends."""

import pytest

from packhorse_relay.core.data_budget import DataBudget, DataRate, Verdict

RATE = DataRate(octets=10_000, datagrams=100)
SECONDS = 100


def budget(rate: DataRate = RATE) -> DataBudget:
    return DataBudget(rate, now=0.0)


def sent(
    budget: DataBudget, size: int, per_second: int, seconds: float = SECONDS, start: float = 0.0
) -> int:
    """Return how many datagrams of a steady stream are let through."""
    count = round(per_second * seconds)
    return sum(budget.take(size, 1, now=start + n / per_second) for n in range(count))


def test_datagrams_are_limited_in_number() -> None:
    assert sent(budget(), size=10, per_second=1000) == pytest.approx(100 * SECONDS, rel=0.02)


def test_datagrams_are_limited_in_bytes() -> None:
    octets = 500 * sent(budget(), size=500, per_second=1000)

    assert octets == pytest.approx(10_000 * SECONDS, rel=0.02)


@pytest.mark.parametrize(("size", "per_second"), [(10, 99), (500, 19), (99, 99)])
def test_stream_within_the_limit_loses_nothing(size: int, per_second: int) -> None:
    assert sent(budget(), size, per_second) == per_second * SECONDS


def test_copies_are_charged_one_by_one() -> None:
    fanout = budget()
    rounds = sum(fanout.take(10, 20, now=n / 100) for n in range(100 * SECONDS))

    assert rounds * 20 == pytest.approx(100 * SECONDS, rel=0.02)


def test_fanout_larger_than_the_budget_is_let_through_and_paid_later() -> None:
    wide = budget()

    assert [wide.take(1200, 63, now=now) for now in (0.0, 1.0, 7.0, 7.2)] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("idle", [1, 1000])
def test_at_most_what_a_second_gives_leaves_at_once_however_long_it_was_quiet(idle: float) -> None:
    quiet = budget()

    assert sum(quiet.take(10, 1, now=float(idle)) for _ in range(1000)) <= 101


def test_budget_without_limits_lets_everything_through() -> None:
    free = DataBudget()

    assert sum(free.take(1400, 1000, now=0.0) for _ in range(10_000)) == 10_000


def test_clock_that_goes_back_gives_nothing() -> None:
    late = DataBudget(RATE, now=1000.0)
    sum(late.take(10, 1, now=1000.0) for _ in range(1000))

    assert not late.take(10, 1, now=0.0)


def verdicts(times: int, per_second: int, size: int = 10) -> list[Verdict]:
    """Return what a steady stream leads to, datagram by datagram, without what is let through."""
    spent = budget()
    return [
        spent.refuse(size, 1, now=n / per_second)
        for n in range(times)
        if not spent.take(size, 1, now=n / per_second)
    ]


def test_member_over_the_limit_is_told_every_ten_seconds() -> None:
    said = verdicts(200 * 35, per_second=200)

    assert said.count(Verdict.TELL) == 4
    assert said[0] is Verdict.TELL
    assert Verdict.END not in said


def test_nine_times_the_limit_ends_nothing_however_long() -> None:
    assert Verdict.END not in verdicts(900 * 120, per_second=900)


@pytest.mark.parametrize(("per_second", "size"), [(1100, 10), (250, 500)])
def test_more_than_ten_times_the_limit_for_30_s_ends_the_session(
    per_second: int, size: int
) -> None:
    said = verdicts(per_second * 29, per_second, size)
    later = verdicts(per_second * 33, per_second, size)

    assert Verdict.END not in said
    assert Verdict.END in later


def test_pause_starts_the_30_s_again() -> None:
    spent = budget()
    said = []
    for start in (0.0, 40.0):
        for n in range(1100 * 25):
            now = start + n / 1100
            if not spent.take(10, 1, now=now):
                said.append(spent.refuse(10, 1, now=now))

    assert Verdict.END not in said


def test_dropped_datagrams_are_counted() -> None:
    spent = budget()
    for _ in range(3):
        spent.refuse(10, 1, now=0.0)

    assert spent.dropped == 3


def test_raised_rate_counts_at_once() -> None:
    raised = budget()
    sent(raised, size=10, per_second=1000, seconds=1)

    raised.change_rate(DataRate(octets=1e6, datagrams=500), now=1.0)

    assert sent(raised, 10, 1000, SECONDS, start=1.0) == pytest.approx(500 * SECONDS, rel=0.02)


def test_lowered_rate_takes_back_what_was_saved_up() -> None:
    lowered = budget(DataRate(octets=1e15, datagrams=1e15))

    lowered.change_rate(RATE, now=0.0)

    assert sent(lowered, size=10, per_second=1000) == pytest.approx(100 * SECONDS, rel=0.02)


def test_debt_of_a_large_fanout_stays_when_the_rate_changes() -> None:
    wide = budget()
    assert wide.take(1200, 63, now=0.0)

    wide.change_rate(DataRate(octets=20_000, datagrams=200), now=0.0)

    assert not wide.take(10, 1, now=1.0)
    assert wide.take(10, 1, now=4.0)


def test_what_is_lent_is_neither_left_nor_spent() -> None:
    budget = DataBudget(DataRate(1000, 100))
    budget.octets -= 200

    lent = budget.lend()

    assert lent == DataRate(300, 50)
    assert not budget.take(1, 1, now=0.0)
    assert (budget.given_octets, budget.given_datagrams) == (200, 0)


def test_what_is_given_back_is_left_and_the_other_part_spent() -> None:
    budget = DataBudget(DataRate(1000, 100))
    budget.lend()

    budget.give_back(DataRate(400, 48), DataRate(100, 2))

    assert (budget.octets, budget.datagrams) == (400, 48)
    assert budget.given_octets - budget.octets == 100
    assert budget.given_datagrams - budget.datagrams == 2


def test_debt_that_is_given_back_is_paid_before_the_next_datagram() -> None:
    budget = DataBudget(DataRate(1000, 100))
    budget.lend()

    budget.give_back(DataRate(-600, 48), DataRate(1100, 2))

    assert not budget.take(10, 1, now=0.5)
    assert budget.take(10, 1, now=1.2)
