"""Tests of the roster: events by revision, pages in any order, differences."""

import itertools

import pytest

from packhorse.core.events import PeerEvent, PeerFound, PeerId, PeerJoined, PeerLeft, PeerLost
from packhorse.core.roster import Roster
from packhorse.wire.constants import ErrorCode, PeerState, RoomEventKind

JOINED, LEFT, LOST, FOUND = RoomEventKind
PRESENT = PeerState.PRESENT


def joined(peer: int) -> PeerJoined:
    return PeerJoined(PeerId(peer))


def left(peer: int, code: int = 0) -> PeerLeft:
    return PeerLeft(PeerId(peer), code)


def lost(peer: int) -> PeerLost:
    return PeerLost(PeerId(peer))


def found(peer: int) -> PeerFound:
    return PeerFound(PeerId(peer))


def roster_of(*peers: int, rev: int = 5) -> Roster:
    roster = Roster()
    roster.apply_page(rev, 0, 1, [(peer, 0) for peer in peers])
    return roster


def test_roster_knows_nothing_at_first() -> None:
    roster = Roster()

    assert (roster.rev, roster.peers, roster.is_behind) == (0, {}, False)


def test_first_page_of_one_reports_everybody_in_it() -> None:
    roster = Roster()

    changes = roster.apply_page(5, 0, 1, [(1, 0), (3, 1)])

    assert changes == [joined(1), joined(3), lost(3)]
    assert roster.peers == {1: PeerState.PRESENT, 3: PeerState.LOST}
    assert (roster.rev, roster.is_behind) == (5, False)


def test_events_before_the_first_roster_are_noted_but_not_applied() -> None:
    """ROOM-1: the member learns that it is behind."""
    roster = Roster()

    assert roster.apply_events([(1, JOINED, 1, 0)]) == []

    assert (roster.rev, roster.peers, roster.is_behind) == (0, {}, True)


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ((6, JOINED, 9, 0), joined(9)),
        ((6, LEFT, 2, 0), left(2)),
        ((6, LEFT, 2, 402), left(2, 402)),
        ((6, LOST, 2, 0), lost(2)),
    ],
)
def test_next_event_is_applied_and_reported(
    event: tuple[int, int, int, int], change: PeerEvent
) -> None:
    roster = roster_of(1, 2)

    assert roster.apply_events([event]) == [change]

    assert (roster.rev, roster.is_behind) == (6, False)


def test_lost_peer_that_is_back_is_reported_found() -> None:
    roster = roster_of(1, 2)

    changes = roster.apply_events([(6, LOST, 2, 0), (7, FOUND, 2, 0)])

    assert changes == [lost(2), found(2)]
    assert roster.peers[PeerId(2)] is PRESENT


def test_event_behind_a_gap_is_noted_but_not_applied() -> None:
    """ROOM-1: the gap makes the member ask."""
    roster = roster_of(1, 2)

    assert roster.apply_events([(7, LEFT, 2, 0)]) == []

    assert (roster.rev, roster.is_behind) == (5, True)
    assert PeerId(2) in roster.peers


def test_gap_is_filled_by_events_that_overlap_what_is_known() -> None:
    roster = roster_of(1, 2)

    changes = roster.apply_events([(rev, JOINED, rev, 0) for rev in (4, 5, 6, 7)])

    assert changes == [joined(6), joined(7)]
    assert (roster.rev, roster.is_behind) == (7, False)


def test_event_that_was_applied_already_is_ignored() -> None:
    roster = roster_of(1, 2)
    roster.apply_events([(6, LEFT, 2, 0)])

    assert roster.apply_events([(6, LEFT, 2, 0)]) == []


@pytest.mark.parametrize("kind", [LEFT, LOST, FOUND, 77])
def test_event_about_an_unknown_peer_only_moves_the_revision(kind: int) -> None:
    roster = roster_of(1)

    assert roster.apply_events([(6, kind, 9, 0)]) == []

    assert (roster.rev, roster.peers) == (6, {1: PRESENT})


@pytest.mark.parametrize("event", [(6, JOINED, 2, 0), (6, FOUND, 2, 0), (6, 77, 2, 0)])
def test_event_that_changes_nothing_only_moves_the_revision(
    event: tuple[int, int, int, int],
) -> None:
    """A kind that a later revision of the protocol adds is among them."""
    roster = roster_of(1, 2)

    assert roster.apply_events([event]) == []

    assert (roster.rev, roster.peers) == (6, {1: PRESENT, 2: PRESENT})


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_pages_may_arrive_in_any_order(order: tuple[int, ...]) -> None:
    roster = Roster()
    pages = {page: [(10 * page + 1, 0), (10 * page + 2, 0)] for page in range(3)}

    changes = [roster.apply_page(5, page, 3, pages[page]) for page in order]

    peers = [1, 2, 11, 12, 21, 22]
    assert changes == [[], [], [joined(peer) for peer in peers]]
    assert list(roster.peers) == peers
    assert roster.rev == 5


def test_repeated_page_does_not_stand_for_a_missing_one() -> None:
    roster = Roster()

    for _ in range(3):
        assert roster.apply_page(5, 0, 2, [(1, 0)]) == []

    assert roster.rev == 0


def test_page_of_a_newer_revision_starts_a_new_collection() -> None:
    roster = Roster()
    roster.apply_page(5, 0, 2, [(1, 0)])

    assert roster.apply_page(6, 1, 2, [(70, 0)]) == []
    assert roster.apply_page(5, 1, 2, [(71, 0)]) == []
    assert roster.apply_page(6, 0, 2, [(2, 0)]) == [joined(2), joined(70)]
    assert roster.rev == 6


def test_page_older_than_the_roster_is_ignored() -> None:
    roster = roster_of(1, 2)
    roster.apply_events([(6, JOINED, 3, 0), (7, JOINED, 4, 0)])

    for rev in (4, 5, 6):
        assert roster.apply_page(rev, 0, 1, [(1, 0)]) == []

    assert (roster.rev, list(roster.peers)) == (7, [1, 2, 3, 4])


def test_incomplete_collection_does_not_stop_events() -> None:
    roster = roster_of(1, 2)
    roster.apply_page(9, 0, 2, [(1, 0)])

    assert roster.apply_events([(6, JOINED, 3, 0)]) == [joined(3)]
    assert roster.is_behind


def test_page_with_a_number_beyond_the_count_is_ignored() -> None:
    roster = Roster()

    assert roster.apply_page(5, 1, 1, [(1, 0)]) == []

    assert roster.rev == 0


def test_pages_that_disagree_about_their_count_do_no_harm() -> None:
    roster = Roster()
    roster.apply_page(5, 2, 3, [(3, 0)])

    assert roster.apply_page(5, 0, 2, [(1, 0)]) == [joined(1), joined(3)]


def test_new_roster_reports_only_differences() -> None:
    roster = roster_of(1, 2, 3, 4)
    roster.apply_events([(6, LOST, 3, 0)])

    changes = roster.apply_page(60, 0, 1, [(1, 1), (3, 0), (4, 0), (8, 0)])

    assert changes == [left(2), lost(1), found(3), joined(8)]
    assert list(roster.peers) == [1, 3, 4, 8]


def test_only_ids_above_the_highest_ever_seen_may_still_come() -> None:
    """ROOM-2: JOIN-6 makes every other id one that is gone."""
    roster = roster_of(1, 2, 7)
    roster.apply_events([(6, LEFT, 7, 0)])

    assert not roster.may_come(5)
    assert not roster.may_come(7)
    assert roster.may_come(8)


def test_newer_revision_makes_the_roster_stale_and_an_older_one_does_not() -> None:
    """ROOM-1: the revision of PONG counts like one in EVENTS."""
    roster = roster_of(1)

    roster.hear_of(4)
    assert not roster.is_behind

    roster.hear_of(6)
    assert roster.is_behind


@pytest.mark.parametrize("restarts", [1, 63])
def test_known_peer_with_another_count_of_restarts_has_left_and_joined(restarts: int) -> None:
    """ROOM-6: by an event, as after a restart of the relay."""
    roster = roster_of(1, 2)

    changes = roster.apply_events([(6, JOINED, 2, restarts)])

    assert changes == [left(2, ErrorCode.REPLACED), joined(2)]
    assert (roster.peers, roster.restarts) == ({1: PRESENT, 2: PRESENT}, {1: 0, 2: restarts})


def test_restart_that_was_missed_is_seen_in_the_roster() -> None:
    """ROOM-6."""
    roster = roster_of(1, 2, 3)

    changes = roster.apply_page(40, 0, 1, [(1, 0), (2, 2 * 1), (3, 2 * 63 + 1)])

    assert changes == [
        left(2, ErrorCode.REPLACED),
        joined(2),
        left(3, ErrorCode.REPLACED),
        joined(3),
        lost(3),
    ]
    assert roster.restarts == {1: 0, 2: 1, 3: 63}
    assert roster.peers == {1: PRESENT, 2: PRESENT, 3: PeerState.LOST}


def test_same_count_of_restarts_is_the_same_process() -> None:
    roster = Roster()
    roster.apply_page(5, 0, 1, [(1, 2), (2, 2 * 5)])
    roster.begin_again(1)
    recovering = roster.apply_page(1, 0, 1, [(1, 2)], is_recovering=True)

    assert recovering == [lost(2)]
    assert roster.apply_events([(2, JOINED, 2, 5)]) == [found(2)]
    assert roster.restarts == {1: 1, 2: 5}


def test_restarts_count_from_0_again() -> None:
    """Whatever a relay says, a generation has 6 bits."""
    roster = Roster()

    roster.apply_page(5, 0, 1, [(1, 2 * 64), (2, 2 * 65 + 1)])

    assert roster.restarts == {1: 0, 2: 1}
    roster.apply_events([(6, JOINED, 3, 64 + 7)])
    assert roster.restarts[3] == 7


def test_count_of_a_peer_that_has_left_is_forgotten() -> None:
    roster = roster_of(1, 2)
    roster.apply_events([(6, LEFT, 2, 0)])
    roster.apply_page(8, 0, 1, [])

    assert roster.restarts == {}
