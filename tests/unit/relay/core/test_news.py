"""Tests of what a room tells: encoded once for each revision, told to each member once."""

from unittest.mock import patch

from packhorse.wire.constants import ROSTER_PAGE, RoomEventKind, Topology
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Events, Roster
from packhorse.wire.room_code import RoomCode
from packhorse.wire.seal import SharedSeal, decode_seal
from packhorse_relay.core.forwarding import Group
from packhorse_relay.core.news import News, Untold
from packhorse_relay.core.rooms import Room, Session
from tests.support.relay_harness import Rig

KEY = bytes(32)


def room(*, changes: int = 1) -> Room:
    made = Room(
        code=RoomCode("K7QM2XPA"),
        topology=Topology.MESH,
        max_peers=64,
        most_peers=64,
        source=b"",
        group=Group(is_star=False),
    )
    for peer in range(1, changes + 1):
        made.record(RoomEventKind.PEER_JOINED, peer)
    return made


def sessions(count: int) -> list[Session]:
    rig = Rig()
    rig.room(count)
    return list(rig.core._registry.sessions.values())


def read(message: SharedSeal) -> object:
    return decode_seal(message.encode(5, 1, 2, KEY), KEY, Sender.RELAY)


def test_events_begin_after_the_revision_asked_for() -> None:
    (message,) = News().since(room(changes=3), 2)

    assert read(message) == Events(seq=5, events=((3, RoomEventKind.PEER_JOINED, 3, 0),))


def test_revision_above_that_of_the_room_gives_no_events() -> None:
    (message,) = News().since(room(changes=3), 2**32 - 1)

    assert read(message) == Events(seq=5, events=())


def test_what_is_kept_is_no_more_than_the_history_whatever_is_asked() -> None:
    news, full = News(), room(changes=100)
    for rev in [*range(200), 2**32 - 1]:
        news.since(full, rev)

    assert len(news) == 34  # 32 events, none, and the roster


def test_roster_is_encoded_once_until_the_room_changes() -> None:
    news, (member, _) = News(), sessions(2)
    with patch.object(SharedSeal, "of", side_effect=SharedSeal.of) as encode:
        for _ in range(100):
            news.since(member.room, 0)
        member.room.record(RoomEventKind.PEER_LOST, 2)
        (message,) = news.since(member.room, 0)

    assert encode.call_count == 2
    assert read(message) == Roster(seq=5, rev=3, page=0, pages=1, peers=((1, 0), (2, 0)))
    assert ROSTER_PAGE >= 2


def test_members_of_a_changed_room_are_told_once_each() -> None:
    first, second = sessions(2)
    untold = Untold()
    for now in (3.0, 4.0):
        untold.add(first.room, now=now)

    assert untold.since == 3.0
    assert [untold.pop(), untold.pop(), untold.pop()] == [first, second, None]
    assert untold.is_empty


def test_member_that_has_gone_meanwhile_is_not_told() -> None:
    first, second = sessions(2)
    untold = Untold()
    untold.add(first.room, now=0.0)
    untold.pop()
    del first.room.sessions[second.peer]

    assert untold.pop() is None
