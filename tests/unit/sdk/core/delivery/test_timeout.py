"""When the timer of what is under way expires."""

import pytest

from packhorse.core.delivery.timeout import RetransmissionTimer
from packhorse.core.rtt import RttEstimator
from packhorse.wire.constants import ACK_DELAY, RTO_INITIAL, RTO_MAX, RTO_MIN


def timer(*samples: float) -> RetransmissionTimer:
    rtt = RttEstimator()
    for sample in samples:
        rtt.add(sample)
    return RetransmissionTimer(rtt)


def waits(started: RetransmissionTimer, count: int) -> list[float]:
    """Let the timer expire `count` times in a row; return how long it waited each time."""
    now, found = 0.0, []
    started.restart(now=now)
    for _ in range(count):
        deadline = started.deadline
        assert deadline is not None
        found.append(deadline - now)
        now = deadline
        started.expire(now=now)
    return found


def test_timer_does_not_run_before_something_is_sent() -> None:
    assert timer().deadline is None


def test_wait_without_a_sample_doubles_up_to_the_longest() -> None:
    assert waits(timer(), 4) == [RTO_INITIAL, 1.0, RTO_MAX, RTO_MAX]


def test_wait_is_never_below_the_shortest() -> None:
    assert waits(timer(0.001), 7) == pytest.approx([RTO_MIN, 0.1, 0.2, 0.4, 0.8, 1.6, RTO_MAX])


def test_wait_follows_the_measured_round_trip() -> None:
    # SRTT 0.2, RTTVAR 0.1: 0.2 + 4 * 0.1 + 0.025
    assert waits(timer(0.2), 1) == pytest.approx([0.6 + ACK_DELAY])


def test_steady_round_trip_still_leaves_a_millisecond() -> None:
    assert waits(timer(*[0.2] * 100), 1) == pytest.approx([0.2 + 0.001 + ACK_DELAY])


def test_long_round_trip_waits_at_most_the_longest() -> None:
    assert waits(timer(5.0), 1) == [RTO_MAX]


def test_first_expiry_asks_for_a_probe_and_each_further_one_for_everything() -> None:
    one = timer()
    one.restart(now=0.0)

    assert [one.expire(now=1.0), one.expire(now=2.0), one.expire(now=3.0)] == [False, True, True]


def test_answer_ends_the_row() -> None:
    one = timer()
    one.restart(now=0.0)
    one.expire(now=0.5)
    one.expire(now=1.5)

    one.answer(is_all_answered=False, now=2.0)

    assert one.deadline == 2.0 + RTO_INITIAL
    assert not one.expire(now=2.5)


def test_answer_to_everything_stops_the_timer() -> None:
    one = timer()
    one.restart(now=0.0)

    one.answer(is_all_answered=True, now=0.1)

    assert one.deadline is None


def test_timer_goes_on_for_hours_towards_a_lost_peer() -> None:
    assert waits(timer(), 5000)[-1] == RTO_MAX
