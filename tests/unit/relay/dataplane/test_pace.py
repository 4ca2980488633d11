"""When batches pay."""

import pytest

from packhorse_relay.dataplane.pace import Pace


def run(pace: Pace, *, count: int, interval: float, seconds: float, start: float = 0.0) -> float:
    """Let so many datagrams come every so often; returns when it ended."""
    now = start
    while now < start + seconds:
        now += interval
        pace.note(count, now=now)
    return now


def test_single_datagrams_are_read_one_by_one() -> None:
    pace = Pace(now=0.0)
    run(pace, count=1, interval=1 / 5000, seconds=1.0)

    assert not pace.is_batching
    assert not pace.gathers


def test_many_at_a_time_are_read_in_batches_at_any_rate() -> None:
    pace = Pace(now=0.0)
    pace.note(8, now=100.0)

    assert pace.is_batching
    assert not pace.gathers


def test_batches_end_when_few_datagrams_come_at_a_time() -> None:
    pace = Pace(now=0.0)
    pace.note(64, now=1.0)
    for _ in range(31):
        pace.note(1, now=1.0)
    before = pace.is_batching
    pace.note(1, now=1.0)

    assert (before, pace.is_batching) == (True, False)


def test_some_larger_wake_ups_keep_batches() -> None:
    pace = Pace(now=0.0)
    pace.note(64, now=1.0)
    for _ in range(100):
        pace.note(1, now=1.0)
        pace.note(3, now=1.0)

    assert pace.is_batching


def test_high_rate_is_gathered_into_batches_until_it_is_clearly_lower() -> None:
    pace = Pace(now=0.0)
    steps = []
    now = 0.0
    for rate in (19_000, 21_000, 16_000, 14_000):
        now = run(pace, count=1, interval=1 / rate, seconds=0.1, start=now)
        steps.append((pace.gathers, pace.is_batching))

    assert steps == [(False, False), (True, True), (True, True), (False, False)]


def test_one_burst_is_no_high_rate() -> None:
    pace = Pace(now=0.0)
    pace.note(64, now=0.0)
    pace.note(64, now=0.019)
    pace.note(1, now=0.04)

    assert not pace.gathers


def test_one_is_expected_where_only_single_datagrams_came_apart() -> None:
    pace = Pace(now=0.0)

    unnoted = [pace.note(1, now=number / 5000) for number in range(1, 9)]

    assert unnoted == [0] * 7 + [31]


@pytest.mark.parametrize(("count", "after"), [(2, 32 / 5000), (1, 32 / 20_000)])
def test_more_than_one_is_expected_again_when_more_came_or_had_waited(
    count: int, after: float
) -> None:
    pace = Pace(now=0.0)
    before = [pace.note(1, now=number / 5000) for number in range(1, 9)][-1]

    assert (before, pace.note(count, now=8 / 5000 + after)) == (31, 0)


def test_nothing_is_left_where_it_may_not_be() -> None:
    pace = Pace(now=0.0, may_leave=False)

    assert [pace.note(1, now=number / 5000) for number in range(100)] == [0] * 100
