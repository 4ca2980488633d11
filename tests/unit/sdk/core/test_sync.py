"""Tests of when a member asks for what it missed."""

from packhorse.core.roster import Roster
from packhorse.core.sync import SyncSchedule


def behind(now: float = 0.0) -> tuple[Roster, SyncSchedule]:
    roster = Roster()
    roster.hear_of(3)
    return roster, SyncSchedule(roster, now=now)


def up_to_date() -> tuple[Roster, SyncSchedule]:
    roster, sync = behind()
    roster.apply_page(3, 0, 1, [(1, 0)])
    sync.satisfy()
    return roster, sync


def sends(sync: SyncSchedule, until: float) -> list[float]:
    times = []
    while (deadline := sync.next_timeout()) is not None and deadline <= until:
        assert sync.is_due(now=deadline)
        sync.count_send(now=deadline)
        times.append(deadline)
    return times


def test_first_roster_is_asked_for_ever_less_often() -> None:
    """ROOM-1: the repetitions double from 0.25 s up to 4 s."""
    _, sync = behind()

    assert sends(sync, until=20.0) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 20.0]
    assert sync.sends == 9


def test_first_roster_must_have_come_when_a_request_would_be_given_up() -> None:
    _, sync = behind(now=10.0)

    assert sync.gives_up_at == 15.75


def test_member_that_is_up_to_date_does_not_ask() -> None:
    _, sync = up_to_date()

    assert not sync.is_needed
    assert sync.next_timeout() is None
    assert not sync.is_due(now=1000.0)


def test_member_that_falls_behind_asks_at_once_and_then_in_steps_again() -> None:
    roster, sync = behind()
    sends(sync, until=4.0)
    roster.apply_page(3, 0, 1, [(1, 0)])
    sync.satisfy()

    roster.hear_of(4)

    assert sync.is_due(now=50.0)
    sync.count_send(now=50.0)
    assert sends(sync, until=54.0) == [50.25, 50.75, 51.75, 53.75]


def test_answer_that_leaves_the_member_behind_changes_nothing() -> None:
    _, sync = behind()
    sends(sync, until=1.0)

    sync.satisfy()

    assert sends(sync, until=4.0) == [2.0, 4.0]


def test_member_asks_without_a_newer_revision_when_it_wants_to() -> None:
    _, sync = up_to_date()

    sync.want()

    assert sync.is_due(now=9.0)
    sync.satisfy()
    assert not sync.is_needed
