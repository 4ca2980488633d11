"""Whole stories of rooms, over good networks with one thing that goes wrong."""

from dataclasses import replace

import pytest

from packhorse.core.events import (
    Closed,
    Joined,
    Message,
    PeerFound,
    PeerId,
    PeerJoined,
    PeerLeft,
    PeerLost,
    RequestEnded,
    SessionLost,
    SessionResumed,
)
from packhorse.testing.link import CUT, PERFECT, Conditions
from packhorse.wire.constants import (
    DropReason,
    ErrorCode,
    FirstByte,
    Kind,
    MemberState,
    MessageType,
    PeerState,
    Topology,
)
from packhorse.wire.errors import (
    JoinDeniedError,
    RoomFullError,
    SessionClosedByError,
    TransactionTimeoutError,
)
from packhorse.wire.header import decode_header, encode_destination
from packhorse.wire.msgpack_profile import decode_value
from packhorse_relay.core.settings import Settings
from tests.support.network import RELAY, Member, Network, room_of

GOOD = Conditions(latency=0.02)


def closed_code(member: Member) -> int | None:
    error = member.closed.error if member.closed else None
    return error.code if isinstance(error, SessionClosedByError) else None


def tag_of(member: Member) -> int:
    return decode_header(member.session.encode_data(b"x", to=1)).tag


def data_of(member: Member) -> list[tuple[bytes, int]]:
    return [(message.data, message.source) for message in member.messages]


def ctrl_types(network: Network, member: Member) -> list[object]:
    """Return the types of the CTRL messages that a member sent."""
    bodies = [
        decode_value(sent.data[6:])
        for sent in network.sent
        if sent.target == RELAY and sent.source.host == member.address.host
        if decode_header(sent.data).kind is Kind.CTRL
    ]
    return [body[0] for body in bodies if isinstance(body, dict)]


def test_members_of_a_mesh_reach_one_all_and_all_but_one() -> None:
    """HDR-2, HDR-4: each receiver sees the true source under its own tag."""
    network = Network(GOOD)
    one, two, three = room_of(network, 3)

    two.send(b"to 3", to=3)
    two.send(b"to all", to=0)
    two.send(b"to all but 3", to=-3)
    network.run(0.1)

    assert data_of(one) == [(b"to all", 2), (b"to all but 3", 2)]
    assert data_of(three) == [(b"to 3", 2), (b"to all", 2)]
    assert (data_of(two), three.session.drops) == ([], {})


def test_client_of_a_star_reaches_the_host_only() -> None:
    """ROOM-4: the relay drops the rest, the host reaches everybody."""
    network = Network(GOOD)
    host, two, three = room_of(network, 3, Topology.STAR)

    for to in (1, 3, 0, -1, -3):
        # a client's session refuses these by itself, so they are made by hand
        network.send_up(two, encode_destination(FirstByte.DATA, tag_of(two), to) + b"%d" % to)
    host.send(b"from the host")
    network.run(0.1)

    assert data_of(host) == [(b"1", 2)]
    assert data_of(two) == data_of(three) == [(b"from the host", 1)]
    assert network.relay.drops == {DropReason.NOT_ALLOWED: 4}


def test_rooms_do_not_hear_of_each_other() -> None:
    """ROOM-3: the same peer ids in another room are other peers."""
    network = Network(GOOD)
    first, second = room_of(network, 2), room_of(network, 2)

    first[1].send(b"to the room")
    first[1].send(b"to the host", to=1)
    network.run(0.1)

    assert data_of(first[0]) == [(b"to the room", 2), (b"to the host", 2)]
    assert [member.events for member in second] == [[], []]
    assert first[0].session.code != second[0].session.code


@pytest.mark.parametrize("direction", ["up", "down", "both"])
def test_path_for_small_datagrams_is_joined_with_a_smaller_size(direction: str) -> None:
    """HDR-5: nothing is ever fragmented, so both sides agree on what passes."""
    network = Network(GOOD)
    host = room_of(network, 1)[0]
    member = network.join(host.session.code)
    narrow = replace(GOOD, mtu=600)
    member.up.conditions = GOOD if direction == "down" else narrow
    member.down.conditions = GOOD if direction == "up" else narrow

    network.run(2)

    assert member.events_of(Joined)
    assert member.session.max_payload == (570 if direction != "up" else 1194)


def test_lost_member_is_shown_as_lost_and_comes_back() -> None:
    network = Network(GOOD)
    host, member = room_of(network, 2)
    member.conditions = CUT

    network.run(16)
    assert host.events == [PeerLost(PeerId(2))]
    assert host.session.roster[PeerId(2)] is PeerState.LOST
    assert member.events == [SessionLost()]
    member.conditions = GOOD
    network.run(6)

    assert host.events[1:] == [PeerFound(PeerId(2))]
    assert member.events[1:] == [SessionResumed()]
    assert host.session.roster == member.session.roster


def test_client_that_stays_away_is_removed_and_finds_out_by_itself() -> None:
    network = Network(GOOD)
    host, member = room_of(network, 2)
    member.conditions = CUT

    network.run(61)

    assert host.events[-1] == PeerLeft(PeerId(2), ErrorCode.LEASE_EXPIRED)
    assert closed_code(member) == ErrorCode.LEASE_EXPIRED
    assert network.roster(host.session.code) == {1: PeerState.PRESENT}


def test_host_that_leaves_closes_the_room() -> None:
    network = Network(GOOD)
    host, *others = room_of(network, 3)

    host.leave()
    network.run(1)

    assert host.closed == Closed(None)
    assert [closed_code(member) for member in others] == [ErrorCode.ROOM_CLOSED] * 2
    assert network.relay.room_count == 0


def test_member_that_missed_more_than_the_relay_remembers_gets_the_whole_roster() -> None:
    """ROOM-1: the differences are reported as if they had come one by one."""
    network = Network(GOOD)
    host, member, gone = room_of(network, 3)
    member.conditions = CUT
    gone.leave()
    for _ in range(40):
        network.join(host.session.code)
        network.run(0.1)

    member.conditions = GOOD
    network.run(6)

    assert member.session.roster == host.session.roster
    newcomers = [PeerJoined(PeerId(peer)) for peer in range(4, 44)]
    assert member.events == [PeerLeft(PeerId(3)), *newcomers]


def test_large_room_is_read_page_by_page() -> None:
    network = Network(GOOD, settings=Settings(max_peers=100))
    host = room_of(network, 80)[0]

    late = network.join(host.session.code)
    late.conditions = Conditions(latency=0.02, loss=0.3, reorder=0.5, duplicate=0.3)
    network.run(8)

    assert sorted(late.session.roster) == list(range(1, 82))
    assert len(late.events_of(PeerJoined)) == 80


def test_data_of_a_peer_whose_arrival_was_lost_is_held_until_it_is_known() -> None:
    """ROOM-2: the data itself makes the member ask."""
    network = Network(GOOD)
    host, member = room_of(network, 2)
    member.down.conditions = CUT
    newcomer = network.join(host.session.code)
    network.run(0.1)
    member.down.conditions = GOOD
    newcomer.send(b"hi", to=2)
    network.run(0.03)
    assert member.events == []

    network.run(0.1)

    assert member.events == [PeerJoined(PeerId(3)), Message(b"hi", PeerId(3))]


def test_kick_by_anybody_but_the_host_is_refused() -> None:
    """SEAL-4: and nobody is removed."""
    network = Network(GOOD)
    _, member, other = room_of(network, 3)

    request = member.kick(other)
    network.run(1)

    assert member.events == [RequestEnded(request, ErrorCode.NOT_ALLOWED)]
    assert other.events == []


def test_kick_whose_answer_is_lost_counts_once() -> None:
    """SEAL-2: the relay repeats its first answer."""
    network = Network(GOOD)
    host, victim, other = room_of(network, 3)
    host.down.conditions = CUT
    request = host.kick(victim)
    network.run(1)
    host.down.conditions = GOOD
    network.run(1)

    assert RequestEnded(request, 0) in host.events
    assert other.events == [PeerLeft(PeerId(2), ErrorCode.KICKED)]
    assert closed_code(victim) == ErrorCode.KICKED


def test_kicked_member_that_missed_it_is_told_when_it_pings() -> None:
    network = Network(GOOD)
    host, victim = room_of(network, 2)
    victim.down.conditions = CUT
    host.kick(victim)
    network.run(1)
    victim.down.conditions = GOOD

    network.run(6)

    assert closed_code(victim) == ErrorCode.KICKED


def test_banned_source_is_refused_like_a_wrong_code() -> None:
    """JOIN-5: neither the error nor the bytes tell the two apart."""
    network = Network(GOOD)
    host, victim = room_of(network, 2)
    host.kick(victim, ban=True)
    network.run(1)

    again, stray = network.join(host.session.code), network.join("00000000")
    again.address = victim.address._replace(port=1)
    network.run(1)

    errors = [member.closed.error for member in (again, stray) if member.closed]
    assert [type(error) for error in errors] == [JoinDeniedError] * 2
    assert [str(error) for error in errors[:1]] == [str(error) for error in errors[1:]]


def test_full_room_says_so() -> None:
    network = Network(GOOD)
    host = network.create_room(max_peers=2)
    network.run(1)
    network.join(host.session.code)
    network.run(1)

    late = network.join(host.session.code)
    network.run(1)

    assert late.closed is not None
    assert isinstance(late.closed.error, RoomFullError)


def test_leave_whose_answer_is_lost_is_answered_by_the_tombstone() -> None:
    network = Network(GOOD)
    host, member = room_of(network, 2)
    member.down.conditions = CUT
    member.leave()
    network.run(0.5)
    assert member.session.state is MemberState.LEAVING
    member.down.conditions = GOOD

    network.run(0.5)

    assert member.events == [Closed(None)]
    assert host.events == [PeerLeft(PeerId(2))]


def test_address_that_changes_while_joining_costs_one_more_greeting() -> None:
    """JOIN-3: the cookie was made for the old address."""
    network = Network(GOOD)
    host = room_of(network, 1)[0]
    member = network.join(host.session.code)
    network.run_until(lambda: member.session.state is MemberState.JOINING, within=1)

    network.rebind(member)  # the first JOIN is on its way, its GRANT will be lost
    network.run(1)

    assert member.events_of(Joined)
    hello, join = MessageType.HELLO, MessageType.JOIN
    assert ctrl_types(network, member) == [hello, join, join, hello, join]


def test_silent_member_proves_its_new_address_at_its_next_ping() -> None:
    """PATH-1: until then what is for it goes to the old address."""
    network = Network(GOOD)
    host, member = room_of(network, 2)
    network.run(10)
    old = member.address
    network.rebind(member)
    host.send(b"lost", to=2)
    network.run(0.03)
    targets = [sent.target for sent in network.sent if sent.data[0] == FirstByte.DATA]
    assert targets == [RELAY, old]

    network.run(5.6)
    host.send(b"found", to=2)
    network.run(0.1)

    assert data_of(member) == [(b"found", 1)]
    assert member.session.mapped_address == member.address


def test_ping_from_a_foreign_address_moves_nothing() -> None:
    """PATH-1: a captured PING gets one small challenge, and the traffic stays."""
    network = Network(GOOD)
    host, member = room_of(network, 2)
    member.up.conditions = CUT
    network.run(3)
    ping = next(sent for sent in reversed(network.sent) if sent.source == member.address)
    thief = member.address._replace(host="203.0.113.9")
    network.deliver_to_relay(ping.data, thief)
    host.send(b"still here", to=2)
    network.run(0.1)

    to_thief = [sent.data for sent in network.sent if sent.target == thief]
    assert len(to_thief) == 1
    assert len(to_thief[0]) <= len(ping.data)
    assert data_of(member) == [(b"still here", 1)]


def test_restart_of_a_relay_without_a_secret_is_noticed_within_seconds() -> None:
    """RES-6: the relay has lost what its tickets were made with."""
    network = Network(GOOD)
    members = room_of(network, 2)
    network.run(10)

    network.restart_relay(secret=None)
    network.run(8)

    assert [closed_code(member) for member in members] == [ErrorCode.SESSION_UNKNOWN] * 2


def test_unreachable_relay_is_given_up_after_five_hellos() -> None:
    network = Network(CUT)

    member = network.create_room()
    network.run(5.75)

    assert ctrl_types(network, member) == [MessageType.HELLO] * 5
    assert member.closed is not None
    assert isinstance(member.closed.error, TransactionTimeoutError)


def test_relay_that_stops_tells_everybody() -> None:
    network = Network(PERFECT)
    members = room_of(network, 2)

    network.stop_relay()
    network.run(0.1)

    assert [closed_code(member) for member in members] == [ErrorCode.DRAINING] * 2
