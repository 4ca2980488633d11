"""Tests of the memory of kicks."""

from packhorse.core.events import PeerId
from packhorse.core.kick_list import KickList


def test_kicks_are_told_again_once_in_each_epoch() -> None:
    kicks = KickList()
    kicks.add(PeerId(2), ban=False)
    kicks.add(PeerId(3), ban=True)
    assert kicks.take_untold() == []

    for _ in range(2):
        kicks.begin_epoch()
        assert kicks.take_untold() == [(2, False), (3, True)]
        assert kicks.take_untold() == []


def test_newest_64_are_kept() -> None:
    """LIM-1."""
    kicks = KickList()
    for peer in range(2, 68):
        kicks.add(PeerId(peer), ban=False)
    kicks.begin_epoch()

    assert [peer for peer, _ in kicks.take_untold()] == list(range(4, 68))


def test_own_requests_are_told_from_those_of_the_application() -> None:
    kicks = KickList()
    kicks.note_request(7)

    assert [kicks.end_request(seq) for seq in (6, 7, 7)] == [False, True, False]
