"""Tests of how direct paths and a membership work together."""

import sys

from packhorse.core.events import Message, PeerId, PeerJoined, PeerLeft, PeerPathChanged
from packhorse.testing.link import CUT, PERFECT
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate, decode_candidates
from packhorse.wire.constants import (
    BirthdayPart,
    CandidateKind,
    DropReason,
    ErrorCode,
    FirstByte,
    Topology,
)
from packhorse.wire.header import encode_destination
from packhorse.wire.messages import Signal
from tests.support.nat_network import Filtering, Mapping, NatNetwork
from tests.support.network import Member, room_of


def open_room(count: int, topology: Topology = Topology.MESH) -> tuple[NatNetwork, list[Member]]:
    """Return members behind routers that let everything in."""
    network = NatNetwork()
    members = room_of(network, count, topology)
    for member in members:
        network.put_behind(member, Mapping.INDEPENDENT, Filtering.INDEPENDENT)
    return network, members


def direct_peers(member: Member) -> set[int]:
    """Return to whom a member sends directly."""
    roster = member.session.roster
    return {peer for peer in roster if member.session.direct_path(peer) is not None}


def test_members_of_a_mesh_reach_all_others() -> None:
    network, members = open_room(3)
    for member in members:
        network.seek(member)
    network.run(2.0)
    assert [direct_peers(member) for member in members] == [{2, 3}, {1, 3}, {1, 2}]


def test_clients_of_a_star_reach_the_host_only() -> None:
    network, members = open_room(3, Topology.STAR)
    for member in members:
        network.seek(member)
    network.run(2.0)
    assert [direct_peers(member) for member in members] == [{2, 3}, {1}, {1}]


def test_who_joins_later_is_offered_a_path_and_who_leaves_is_forgotten() -> None:
    network, (host, client) = open_room(2)
    for member in (host, client):
        network.seek(member)
    newcomer = network.join(host.session.code)
    network.run(1.0)
    network.put_behind(newcomer, Mapping.INDEPENDENT, Filtering.INDEPENDENT)
    network.seek(newcomer)
    network.run(2.0)
    assert direct_peers(host) == {2, 3}
    newcomer.leave()
    network.run(1.0)
    assert host.events_of(PeerLeft)
    assert direct_peers(host) == {2}


def test_path_to_the_process_before_is_forgotten_though_all_news_come_at_once() -> None:
    network, (host, client) = open_room(2)
    for member in (host, client):
        network.seek(member)
    network.run(2.0)
    host.down.conditions = client.conditions = CUT
    resumed = network.resume(client.session.saved)
    network.put_behind(resumed, Mapping.INDEPENDENT, Filtering.INDEPENDENT)
    network.run(0.2)
    assert direct_peers(host) == {2}, "it knows nothing yet"

    host.down.conditions = PERFECT
    network.run_until(lambda: bool(host.events_of(PeerLeft)), within=5.0)

    assert host.events_of(PeerLeft, PeerJoined)[-2:] == [
        PeerLeft(PeerId(2), ErrorCode.REPLACED),
        PeerJoined(PeerId(2)),
    ]
    assert direct_peers(host) == set()


def test_path_to_the_process_before_is_forgotten_at_the_same_revision_of_a_new_relay() -> None:
    """The relay counts anew and may come to the revision that was known, with other members."""
    network, (host, client) = open_room(2)
    for member in (host, client):
        network.seek(member)
    network.run(2.0)
    revision = host.session._joined().roster.rev
    host.down.conditions = client.conditions = CUT
    network.restart_relay()
    network.put_behind(
        network.resume(client.session.saved), Mapping.INDEPENDENT, Filtering.INDEPENDENT
    )
    network.run(1.0)
    assert direct_peers(host) == {2}, "it knows nothing yet"

    host.down.conditions = PERFECT
    network.run_until(lambda: bool(host.events_of(PeerLeft)), within=5.0)

    assert host.session._joined().roster.rev == revision
    assert direct_peers(host) == set()


def test_address_that_the_relay_sees_is_offered_only_where_the_socket_is_shared() -> None:
    network, (host, client) = open_room(2)
    own = Candidate(CandidateKind.HOST, TransportAddress("10.0.0.1", 7))
    offered: list[list[Candidate]] = []
    network.seek(client)
    paths = client.session._direct
    assert paths is not None
    take = paths._paths.receive_signal

    def watch(peer: int, data: bytes, *, seen: TransportAddress | None = None, now: float) -> None:
        take(peer, data, seen=seen, now=now)
        offer = paths._paths._peers[peer].offers.peer
        offered.append(decode_candidates(offer.candidates) if offer else [])

    paths._paths.receive_signal = watch  # type: ignore[method-assign]
    for shares_socket, expected in (
        (False, [own]),
        (True, [Candidate(CandidateKind.REFLEXIVE, host.address), own]),
        (False, [own]),
    ):
        now = network.clock.now
        host.session.seek_direct_paths([own], shares_socket=shares_socket, now=now)
        host.flush()
        network.run(0.5)
        assert offered[-1] == expected


def test_datagram_from_elsewhere_is_refused_by_a_member_that_seeks_nothing() -> None:
    """DIR-2."""
    network, (host, _client) = open_room(2)
    before = host.session.drops[DropReason.UNEXPECTED_SOURCE]
    elsewhere = TransportAddress("203.0.113.9", 9)
    host.session.receive_datagram(b"\xa4\x01\x00\x00\x00\x02x", elsewhere, now=network.clock.now)
    assert host.session.drops[DropReason.UNEXPECTED_SOURCE] == before + 1


def test_signal_to_a_member_that_seeks_nothing_is_dropped() -> None:
    """DIR-2."""
    network, (host, client) = open_room(2)
    network.seek(host)
    network.run(1.0)
    assert client.session.drops[DropReason.UNEXPECTED_MESSAGE] > 0
    assert not host.events_of(PeerPathChanged)


def test_malformed_signal_is_counted_and_changes_nothing() -> None:
    network, (host, client) = open_room(2)
    network.seek(client)
    network.run(0.5)
    channel = host.session._joined()._channel
    host.session._joined()._send_new(lambda seq: Signal(seq=seq, peer=2, data=b"\xc1"))
    assert channel.session == host.session._joined().grant.session
    before = client.session.drops[DropReason.FORBIDDEN_TYPE]
    host.flush()
    network.run(0.5)
    assert client.session.drops[DropReason.FORBIDDEN_TYPE] == before + 1


def test_control_datagram_from_elsewhere_is_refused_whatever_it_names() -> None:
    """DIR-5."""
    network, (host, client) = open_room(2)
    for member in (host, client):
        network.seek(member)
    network.run(1.0)
    assert direct_peers(host) == {2}
    before = host.session.drops[DropReason.UNEXPECTED_SOURCE]
    source = client.address
    host.session.receive_datagram(b"\xa5\x00\x00\x00\x00\x02x", source, now=network.clock.now)
    assert host.session.drops[DropReason.UNEXPECTED_SOURCE] == before + 1


def test_data_costs_no_more_calls_where_direct_paths_are_sought() -> None:
    network, members = open_room(3)
    before = calls_for_data(members[0], now=network.clock.now)
    for member in members:
        network.seek(member)
    network.run(2.0)
    assert direct_peers(members[0]) == {2, 3}
    assert calls_for_data(members[0], now=network.clock.now) == before


def calls_for_data(member: Member, *, now: float) -> int:
    """Count the calls of functions that one DATA datagram from peer 2 takes."""
    session, calls = member.session, 0
    datagram = encode_destination(FirstByte.DATA, session._joined().grant.tag, 2) + b"x"

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        session.receive_datagram(datagram, session._relay, now=now)
    finally:
        sys.setprofile(None)
    assert isinstance(session.next_event(), Message)
    return calls


def test_member_shows_where_it_is_only_when_it_takes_a_part_in_birthday_probing() -> None:
    """DIR-10."""
    network, (host, client) = open_room(2)
    network.seek(client)
    network.seek(host)
    network.run(1.0)
    assert client.session.direct is not None
    peer = client.session.direct._paths._peers[host.session.peer_id]
    assert peer.offers.peer is not None
    assert (peer.seen, peer.offers.peer.part) == (None, None)
    network.seek(host, part=BirthdayPart.PROBER)
    network.run(1.0)
    assert (peer.seen, peer.offers.peer.part) == (host.address, BirthdayPart.PROBER)
