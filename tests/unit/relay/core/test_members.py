"""Tests of leases, of what members are told, and of the end of sessions and rooms."""

from collections.abc import Iterable

import pytest

from packhorse.wire.constants import DropReason, ErrorCode, PeerState, RoomEventKind, Topology
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Closed, Events, Roster
from packhorse.wire.seal import decode_seal
from tests.support.applicant import Applicant, nonce
from tests.support.relay_harness import START, UNLIMITED, Members, RawMember, Rig, Sent, address

LOST, FOUND, LEFT = RoomEventKind.PEER_LOST, RoomEventKind.PEER_FOUND, RoomEventKind.PEER_LEFT


def events_of(member: RawMember, sent: Iterable[Sent]) -> list[tuple[int, int, int]]:
    """Return kind, peer and code of each event that `member` was told."""
    messages = [message for message in member.heard(sent) if isinstance(message, Events)]
    return [(kind, peer, code) for message in messages for _, kind, peer, code in message.events]


def closed(member: RawMember, sent: Iterable[Sent]) -> list[int]:
    """Return the codes of CLOSED that `member` got."""
    return [message.code for message in member.heard(sent) if isinstance(message, Closed)]


def advance(rig: Rig, seconds: float, speaking: Members) -> list[Sent]:
    """Let time pass while some members go on with PING."""
    sent: list[Sent] = []
    until = rig.now + seconds
    while rig.now < until:
        sent += rig.advance(min(5.0, until - rig.now))
        for member in speaking:
            member.send(member.ping())
    return sent


def test_silent_peer_is_lost_after_15_s_and_the_others_are_told() -> None:
    rig = Rig()
    host, silent, other = rig.room(3)
    before = advance(rig, 10, [host, other]) + rig.advance(4.99)
    then = rig.advance(0.01)

    assert [events_of(member, before) for member in (host, silent, other)] == [[], [], []]
    lost = [(LOST, silent.peer, 0)]
    assert [events_of(member, then) for member in (host, silent, other)] == [lost, [], lost]


def test_lost_peer_is_shown_as_lost_in_the_roster() -> None:
    rig = Rig()
    host, _ = rig.room(2)
    advance(rig, 15, [host])

    roster = host.heard(host.send(host.sync(0)).sent)[0]
    assert isinstance(roster, Roster)
    assert roster.peers == ((1, PeerState.PRESENT), (2, PeerState.LOST))


def test_lost_peer_still_receives_and_sends() -> None:
    rig = Rig()
    host, client = rig.room(2)
    advance(rig, 20, [host])

    assert len(host.send(host.data(2)).sent) == 1
    assert len(client.send(client.data(1)).sent) == 1


def test_lost_peer_that_is_heard_is_found_again() -> None:
    rig = Rig()
    host, client = rig.room(2)
    advance(rig, 20, [host])
    outcome = client.send(client.ping())

    assert events_of(host, outcome.sent) == [(FOUND, client.peer, 0)]
    assert events_of(client, outcome.sent) == []


def test_found_peer_is_lost_again_15_s_later_and_removed_60_s_later() -> None:
    rig = Rig()
    host, client = rig.room(2)
    advance(rig, 20, [host])
    client.send(client.ping())
    spans = (14.9, 0.1, 44.9, 0.1)
    told = [events_of(host, advance(rig, span, [host])) for span in spans]

    left = (LEFT, client.peer, ErrorCode.LEASE_EXPIRED)
    assert told == [[], [(LOST, client.peer, 0)], [], [left]]


def test_client_is_removed_after_60_s() -> None:
    rig = Rig()
    host, client = rig.room(2)
    before = advance(rig, 59.9, [host])
    then = rig.advance(0.1)

    assert closed(client, before) == []
    assert closed(client, then) == [ErrorCode.LEASE_EXPIRED]
    assert events_of(host, then) == [(LEFT, client.peer, ErrorCode.LEASE_EXPIRED)]
    assert rig.core.session_count == 1


def test_host_is_removed_after_120_s_and_the_room_with_it() -> None:
    rig = Rig()
    host, *clients = rig.room(3)
    before = advance(rig, 119.9, clients)
    then = rig.advance(0.1)

    assert closed(host, before) == []
    assert closed(host, then) == [ErrorCode.LEASE_EXPIRED]
    assert [closed(client, then) for client in clients] == [[ErrorCode.HOST_LOST]] * 2
    assert (rig.core.room_count, rig.core.session_count) == (0, 0)


def test_room_of_a_lost_host_stays_and_admits() -> None:
    rig = Rig()
    host, client = rig.room(2)
    sent = advance(rig, 100, [client])
    joiner = rig.join(host.code, address(9))

    assert events_of(client, sent) == [(LOST, 1, 0)]
    assert (joiner.peer, joiner.inbox[0]) == (
        3,
        Roster(seq=1, rev=4, page=0, pages=1, peers=((1, 1), (2, 0), (3, 0))),
    )


def test_member_that_speaks_is_never_lost() -> None:
    rig = Rig()
    host, client = rig.room(2)
    sent = advance(rig, 300, [host, client])

    assert events_of(host, sent) == events_of(client, sent) == []


def test_data_renews_no_lease() -> None:
    """SEAL-3: forged DATA cannot keep a dead session alive."""
    rig = Rig()
    host, client = rig.room(2)
    for _ in range(12):
        advance(rig, 5, [host])
        client.send(client.data(1))

    assert rig.core.session_count == 1


def test_forged_and_repeated_seal_renews_no_lease() -> None:
    """SEAL-3: only what is valid and fresh."""
    rig = Rig()
    host, client = rig.room(2)
    captured = client.ping()
    client.send(captured)
    drops = []
    for _ in range(12):
        advance(rig, 5, [host])
        drops += [client.send(data).drop for data in (captured, captured[:-1] + b"?")]

    assert drops[:2] == [DropReason.REPLAYED, DropReason.BAD_MAC]
    assert rig.core.session_count == 1


def test_room_closes_when_its_host_leaves() -> None:
    rig = Rig()
    host, *clients = rig.room(3)
    sent = host.send(host.leave()).sent

    assert [closed(client, sent) for client in clients] == [[ErrorCode.ROOM_CLOSED]] * 2
    assert closed(host, sent) == []
    assert (rig.core.room_count, rig.core.session_count) == (0, 0)


def test_others_stay_when_a_client_leaves() -> None:
    rig = Rig()
    host, client, other = rig.room(3)
    sent = client.send(client.leave()).sent

    left = [(LEFT, client.peer, 0)]
    assert [events_of(member, sent) for member in (host, other)] == [left, left]
    assert rig.core.session_count == 2


def test_room_that_has_ended_is_not_found_by_its_code() -> None:
    rig = Rig()
    host = rig.create(address(1))
    host.send(host.leave())
    outcome = rig.ask_to_join(Applicant(address=address(2)), host.code)

    assert outcome.drop is DropReason.REFUSED


def test_closing_the_relay_ends_every_session_and_the_hosts_last() -> None:
    rig = Rig()
    members = [*rig.room(3, first=1), *rig.room(2, first=10)]
    rig.core.close(now=rig.now)
    sent = rig.drain()

    assert [closed(member, sent) for member in members] == [[ErrorCode.DRAINING]] * 5
    order = [member.peer for _, to in sent for member in members if member.address == to]
    assert order == [3, 2, 1, 2, 1]
    assert (rig.core.room_count, rig.core.session_count) == (0, 0)


def test_late_timeout_does_all_that_was_due() -> None:
    rig = Rig()
    members = rig.room(3)
    rig.now += 200
    rig.core.handle_timeout(now=rig.now)
    sent = rig.drain()

    assert rig.core.session_count == 0
    assert all(len(closed(member, sent)) == 1 for member in members)


def test_early_timeouts_do_nothing() -> None:
    rig = Rig()
    rig.room(2)
    for _ in range(100):
        rig.core.handle_timeout(now=rig.now)

    assert rig.drain() == []
    assert rig.core.session_count == 2


def test_next_timeout_is_when_something_is_due() -> None:
    rig = Rig()
    idle = rig.core.next_timeout()
    host = rig.create(address(1))
    joined = rig.core.next_timeout()
    host.send(host.leave())
    rig.advance(15)
    ended = rig.core.next_timeout()
    rig.advance(45)

    assert (idle, joined, ended) == (None, START + 15, START + 60)
    assert rig.core.next_timeout() is None


def rosters_of_a_room_of(size: int) -> list[Roster]:
    rig = Rig()
    registry = rig.core._registry
    room = registry.add_room(b"", Topology.MESH, size, size)
    for number in range(size):
        session = registry.add_session(room, address(number), nonce(1), 1200, now=START)
        room.record(RoomEventKind.PEER_JOINED, session.peer)
    host = room.sessions[1]
    rig.core._members.send_roster(host)
    messages = [
        decode_seal(data, host.keys.relay_to_member, Sender.RELAY) for data, _ in rig.drain()
    ]
    return [message for message in messages if isinstance(message, Roster)]


@pytest.mark.parametrize(
    ("size", "lengths"),
    [(1, [1]), (64, [64]), (65, [64, 1]), (130, [64, 64, 2]), (1024, [64] * 16)],
)
def test_roster_comes_in_pages_in_ascending_order(size: int, lengths: list[int]) -> None:
    """LIM-1: up to the largest room that a relay may allow."""
    rosters = rosters_of_a_room_of(size)

    assert [len(roster.peers) for roster in rosters] == lengths
    assert [roster.page for roster in rosters] == list(range(len(lengths)))
    assert {(roster.rev, roster.pages) for roster in rosters} == {(size, len(lengths))}
    peers = [peer for roster in rosters for peer, _ in roster.peers]
    assert peers == list(range(1, size + 1))


@pytest.mark.parametrize("is_lost", [False, True])
def test_checks_of_ended_sessions_do_not_pile_up(is_lost: bool) -> None:  # noqa: FBT001
    """LIM-1: members that come and go, or that are lost and found."""
    rig = Rig(UNLIMITED)
    host = rig.create(address(1))
    for number in range(500):
        if is_lost:
            advance(rig, 16, [])
            host.send(host.ping())
        else:
            client = rig.join(host.code, address(2), number=number)
            client.send(client.leave())

    assert len(rig.core._members._checks) <= 2 * 1 + 64
    assert rig.core.session_count == 1
