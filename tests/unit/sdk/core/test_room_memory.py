"""Tests of what a host tells a relay that has forgotten its room."""

import pytest

from packhorse.core.room_change import RoomChange
from packhorse.core.room_memory import RoomMemory
from packhorse.wire.constants import ErrorCode, Topology

KEY = bytes(range(32))


def remembering(*changes: RoomChange, is_locked: bool | None = False) -> RoomMemory:
    """Return the memory of changes that the relay has made, in a new epoch."""
    memory = RoomMemory(is_locked=is_locked)
    for seq, change in enumerate(changes, 1):
        memory.open(seq, change)
        assert memory.close(seq, 0) is False
    assert memory.take_untold() == []
    memory.begin_epoch()
    return memory


def test_nothing_is_told_of_a_room_that_was_never_changed() -> None:
    assert remembering(is_locked=True).take_untold() == []


def test_changes_are_told_again_once_in_each_epoch() -> None:
    """RES-12."""
    memory = remembering(RoomChange(password_key=KEY), RoomChange(max_peers=9))
    for _ in range(2):
        [told] = memory.take_untold()
        assert told == RoomChange(locked=False, password_key=KEY, max_peers=9)
        assert memory.is_told
        assert memory.take_untold() == []
        memory.begin_epoch()


@pytest.mark.parametrize("is_locked", [False, True, None])
def test_lock_is_what_the_room_was_made_with_unless_it_was_changed(
    *, is_locked: bool | None
) -> None:
    """RES-12: None, where it is not known, leaves the relay's lock as it is."""
    [told] = remembering(RoomChange(approval=True), is_locked=is_locked).take_untold()
    assert told.locked is is_locked

    [told] = remembering(RoomChange(locked=False), is_locked=is_locked).take_untold()
    assert told.locked is False


def test_place_in_the_list_is_asked_for_after_the_doors() -> None:
    """A full list must not keep the doors shut."""
    memory = remembering(RoomChange(listed=True, metadata=b"tag", locked=False))

    assert memory.take_untold() == [
        RoomChange(locked=False),
        RoomChange(listed=True, metadata=b"tag"),
    ]


def test_refused_change_is_not_remembered() -> None:
    memory = RoomMemory(is_locked=True)
    memory.open(1, RoomChange(locked=False, listed=True))
    memory.close(1, ErrorCode.QUOTA)
    memory.open(2, RoomChange(locked=False))
    memory.close(2, None)
    memory.begin_epoch()

    assert memory.take_untold() == []


def test_open_request_counts_so_that_it_is_not_undone() -> None:
    """It goes on in the new epoch; what is told again comes after it."""
    memory = remembering(RoomChange(password_key=KEY))
    memory.open(9, RoomChange(password_key=b""))

    assert memory.take_untold() == [RoomChange(locked=False, password_key=b"")]


def test_topology_is_that_of_the_last_change_until_grant_tells_it() -> None:
    memory = RoomMemory(is_locked=False)
    memory.open(1, RoomChange(topology=Topology.STAR))
    told = [memory.topology]
    memory.close(1, 0)
    told.append(memory.topology)
    memory.begin_epoch()
    told.append(memory.topology)

    assert told == [None, Topology.STAR, None]
    assert memory.take_untold() == []


@pytest.mark.parametrize(
    "change", [RoomChange(locked=True), RoomChange(approval=True), RoomChange(password_key=KEY)]
)
def test_room_is_guarded_by_what_was_made_and_by_what_is_asked_for(change: RoomChange) -> None:
    memory = remembering(RoomChange(max_peers=9, password_key=b"", locked=False))
    told = [remembering(change).is_guarded, memory.is_guarded]
    memory.open(9, change)
    told.append(memory.is_guarded)
    memory.close(9, ErrorCode.QUOTA)
    told.append(memory.is_guarded)

    assert told == [True, False, True, False]


def test_room_that_was_made_locked_is_guarded_until_it_is_unlocked() -> None:
    assert remembering(is_locked=True).is_guarded
    assert not remembering(RoomChange(locked=False), is_locked=True).is_guarded
    assert not remembering(is_locked=None).is_guarded


def test_own_requests_are_told_from_those_of_the_application() -> None:
    memory = RoomMemory(is_locked=False)
    memory.open(7, RoomChange(locked=True), is_own=True)

    assert [memory.close(seq, 0) for seq in (6, 7, 7)] == [False, True, False]
