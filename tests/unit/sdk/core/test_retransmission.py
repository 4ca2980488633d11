"""Tests of the times at which a request is sent again."""

from packhorse.core.retransmission import GIVE_UP_AFTER, MAX_SENDS, Retransmission


def test_sends_are_at_the_times_of_the_specification() -> None:
    schedule = Retransmission(now=10.0)
    times = []

    while not schedule.is_exhausted:
        times.append(schedule.deadline - 10.0)
        schedule.count_send(now=schedule.deadline)

    assert times == [0.0, 0.25, 0.75, 1.75, 3.75]
    assert schedule.deadline == 15.75


def test_numbers_of_giving_up_follow_from_the_schedule() -> None:
    assert (MAX_SENDS, GIVE_UP_AFTER) == (5, 5.75)


def test_request_is_due_at_its_deadline_and_not_before() -> None:
    schedule = Retransmission(now=10.0)
    schedule.count_send(now=10.0)

    assert not schedule.is_due(now=10.2499)
    assert schedule.is_due(now=10.25)


def test_late_send_moves_the_rest_of_the_schedule() -> None:
    schedule = Retransmission(now=10.0)

    schedule.count_send(now=12.0)

    assert schedule.deadline == 12.25
    assert schedule.started_at == 10.0


def test_schedule_is_exhausted_after_the_fifth_send_only() -> None:
    schedule = Retransmission(now=0.0)

    exhausted = []
    for now in range(5):
        schedule.count_send(now=float(now))
        exhausted.append(schedule.is_exhausted)

    assert exhausted == [False, False, False, False, True]
