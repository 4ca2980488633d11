"""Tests of what the relay tells its operator."""

from packhorse.wire.constants import ErrorCode
from packhorse.wire.room_code import RoomCode
from packhorse_relay.core.relay_events import RelayEvent, SessionEnded, SessionStarted
from packhorse_relay.core.settings import Settings
from tests.support.relay_harness import Rig, address


def told(rig: Rig) -> list[RelayEvent]:
    return list(iter(rig.core.next_event, None))


def test_every_join_and_leave_is_told_in_order() -> None:
    rig = Rig()
    host, client = rig.room(2)
    client.send(client.leave())
    host.send(host.leave())

    code = RoomCode(host.code)
    assert told(rig) == [
        SessionStarted(code, 1),
        SessionStarted(code, 2),
        SessionEnded(code, 2, 0),
        SessionEnded(code, 1, 0),
    ]


def test_end_is_told_with_its_cause() -> None:
    rig = Rig()
    host, _ = rig.room(2)
    host.send(host.kick(2))

    assert told(rig)[-1] == SessionEnded(RoomCode(host.code), 2, ErrorCode.KICKED)


def test_peer_that_is_found_again_does_not_count_as_joined_again() -> None:
    rig = Rig()
    host = rig.create(address(1))
    rig.advance(20)
    host.send(host.ping())

    assert told(rig) == [SessionStarted(RoomCode(host.code), 1)]


def test_events_that_nobody_takes_have_a_largest_number() -> None:
    """LIM-1: the oldest give way."""
    rig = Rig(Settings(reply_rate_total=1e6))
    host = rig.create(address(1))
    for number in range(600):
        client = rig.join(host.code, address(number + 2))
        client.send(client.leave())

    events = told(rig)
    assert len(events) == 1024
    assert events[-1] == SessionEnded(RoomCode(host.code), 601, 0)
