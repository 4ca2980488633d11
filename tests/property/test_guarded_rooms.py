"""Rooms with a lock, a password or approval across a restart of the relay, in virtual time."""

from typing import Final

import pytest

from packhorse.core.events import JoinRequested, RequestEnded
from packhorse.core.room_change import RoomChange
from packhorse.testing.link import CUT, Conditions
from packhorse.wire.constants import ErrorCode, MemberState
from packhorse.wire.errors import RelayRefusedError
from packhorse.wire.room_code import RoomCode
from tests.support.network import Member, Network

KEY: Final = bytes(range(32))
GOOD: Final = Conditions(latency=0.03)
BAD: Final = Conditions(latency=0.05, jitter=0.04, loss=0.2, reorder=0.1, duplicate=0.1)


def closed_code(member: Member) -> int | None:
    error = member.closed.error if member.closed else None
    return error.code if isinstance(error, RelayRefusedError) else None


@pytest.mark.parametrize("seed", range(3))
def test_password_and_list_are_those_of_before_once_the_host_is_back(seed: int) -> None:
    """RES-12: the host's program repeats them, and its application hears nothing of it."""
    network = Network(BAD, seed=seed)
    host = network.create_room(locked=True)
    network.run(5.0)
    public = RoomChange(locked=False, password_key=KEY, listed=True, metadata=b"tag")
    host.set_room(public)
    network.run(15.0)
    host.events.clear()
    network.restart_relay()
    network.run(30.0)

    code = host.session.code
    strangers = [network.join(code), network.join(code, password_key=bytes(32))]
    guest = network.join(code, password_key=KEY)
    network.run(15.0)

    assert [closed_code(each) for each in strangers] == [ErrorCode.JOIN_DENIED] * 2
    assert guest.session.state is MemberState.JOINED
    assert host.events_of(RequestEnded) == []
    room = network.relay._registry.rooms[RoomCode(code)]
    assert (room.is_locked, room.metadata) == (False, b"tag")
    assert len(network.relay._registry.public) == 1


@pytest.mark.parametrize(
    "change",
    [RoomChange(locked=True), RoomChange(approval=True), RoomChange(password_key=KEY)],
    ids=["lock", "approval", "password"],
)
def test_room_guarded_just_before_the_restart_is_locked_before_its_host_has_spoken(
    change: RoomChange,
) -> None:
    """RES-12: no ticket says so yet, but the host's BIND does."""
    network = Network(GOOD)
    host = network.create_room()
    network.run(20.0)
    host.set_room(change)
    network.run(0.2)  # less than a PING: its ticket is older
    code = RoomCode(host.session.code)
    network.restart_relay()
    doors, room = [], None
    for _ in range(2000):
        network.run(0.01)
        room = network.relay._registry.rooms.get(code)
        if room is not None and room.has_host:
            doors.append(room.is_locked or room.needs_approval or room.password_key is not None)

    assert len(doors) > 100
    assert all(doors)
    assert room is not None
    assert (room.is_locked, room.needs_approval, room.password_key) == (
        bool(change.locked),
        bool(change.approval),
        change.password_key,
    )


def test_host_program_that_was_restarted_with_the_relay_keeps_the_room_locked() -> None:
    """RES-12: it has forgotten the password; nobody gets in until it says who may."""
    network = Network(GOOD)
    host = network.create_room(locked=True)
    network.run(1.0)
    host.set_room(RoomChange(locked=False, password_key=KEY))
    network.run(10.0)
    saved = host.session.saved
    host.conditions = CUT
    network.restart_relay()
    again = network.resume(saved)
    network.run(10.0)
    early = network.join(code := again.session.code, password_key=KEY)
    network.run(5.0)

    again.set_room(RoomChange(locked=False, password_key=KEY))
    network.run(1.0)
    late = network.join(code, password_key=KEY)
    network.run(5.0)

    assert closed_code(early) == ErrorCode.JOIN_DENIED
    assert late.session.state is MemberState.JOINED


def test_request_to_join_after_a_restart_is_told_although_its_number_comes_again() -> None:
    network = Network(GOOD)
    host = network.create_room()
    network.run(1.0)
    host.set_room(RoomChange(approval=True))
    network.run(1.0)
    first = network.join(host.session.code)
    network.run(10.0)
    network.restart_relay()
    network.run(30.0)
    host.events.clear()
    (room,) = network.relay._registry.rooms.values()
    room.next_request = 0  # against RES-14, as relays counted before

    network.join(host.session.code)
    network.run(1.0)

    assert first.session.state is MemberState.JOINING or first.closed is not None
    assert JoinRequested(1, "") in host.events
