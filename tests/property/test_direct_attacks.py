"""Attacks upon members that send to each other directly, in virtual time."""

import pytest

from packhorse.core.events import Message, PeerLeft
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import CONSENT_TIME, CandidateKind, DropReason, FirstByte, Mode
from packhorse.wire.header import encode_header
from tests.support.nat_network import Filtering, Mapping, NatNetwork
from tests.support.network import RELAY, Member, room_of

STRANGER = TransportAddress("203.0.113.9", 9)


def direct_room(count: int) -> tuple[NatNetwork, list[Member]]:
    """Return members of a mesh that all send to each other directly."""
    network = NatNetwork(latency=0.01)
    members = room_of(network, count)
    for member in members:
        network.put_behind(member, Mapping.INDEPENDENT, Filtering.INDEPENDENT)
        network.seek(member)
    network.run(3.0)
    assert all_reach_all(members)
    return network, members


def path_to(one: Member, other: Member) -> TransportAddress | None:
    """Return the address to which one sends for another."""
    return one.session.direct_path(other.session.peer_id)


def tag_of(receiver: Member, sender: Member) -> int:
    """Return the tag that a member chose for what a peer sends it directly."""
    direct = receiver.session._direct
    assert direct is not None
    return direct._paths._peers[sender.session.peer_id].own.tag


def data_of(receiver: Member, sender: Member, payload: bytes) -> bytes:
    """Return DATA as the sender would send it directly."""
    header = encode_header(FirstByte.DATA, tag_of(receiver, sender), sender.session.peer_id)
    return header + payload


def give(
    network: NatNetwork, member: Member, data: bytes, source: TransportAddress
) -> DropReason | None:
    """Hand a datagram to a member; return why it was dropped."""
    before = member.session.drops.copy()
    member.session.receive_datagram(data, source, now=network.clock.now)
    member.flush()
    return next(iter(member.session.drops - before), None)


@pytest.mark.parametrize("ban", [False, True])
def test_attack_member_that_was_kicked_is_not_heard_directly_any_more(ban: bool) -> None:  # noqa: FBT001 - a parameter of the test
    network, (host, client, other) = direct_room(3)
    late = data_of(client, other, b"late")
    assert give(network, client, late, other.address) is None
    check = other.session._direct._paths._peers[2]._channel.check(bytes(8), 0)  # type: ignore[union-attr]
    host.kick(other, ban=ban)
    network.run(0.5)
    assert client.events_of(PeerLeft)
    assert give(network, client, late, other.address) is DropReason.UNKNOWN_PEER
    assert give(network, client, check, other.address) is DropReason.UNKNOWN_SESSION
    assert give(network, host, data_like(late, 3), other.address) is DropReason.UNKNOWN_PEER
    assert [event.data for event in client.events if isinstance(event, Message)] == [b"late"]


def data_like(data: bytes, peer: int) -> bytes:
    """Return a datagram with another source."""
    return data[:2] + peer.to_bytes(4, "big") + data[6:]


def test_attack_stranger_or_peer_does_not_speak_as_another_peer() -> None:
    """DIR-5."""
    network, (_host, client, other) = direct_room(3)
    data = data_of(client, other, b"x")
    assert give(network, client, data, STRANGER) is DropReason.UNEXPECTED_SOURCE
    as_host = data_like(data, 1)
    assert give(network, client, as_host, other.address) is DropReason.UNEXPECTED_SOURCE


def test_attack_control_of_a_peer_is_not_taken_for_data() -> None:
    """A tag of 0 is one of 256 that a member may choose, and that of CTRL."""
    network, (_host, client, other) = direct_room(3)
    direct = client.session._direct
    assert direct is not None
    peer = direct._paths._peers[3]
    peer.offers.own = peer.own._replace(tag=0)
    control = encode_header(FirstByte.CTRL, 0, 3) + b"\x81\x00\x01"
    assert give(network, client, control, other.address) is DropReason.UNEXPECTED_SOURCE


@pytest.mark.parametrize("kind", [FirstByte.DATA, FirstByte.CTRL, FirstByte.SEAL])
def test_attack_relays_address_on_a_socket_for_peers_is_not_the_relay(kind: FirstByte) -> None:
    """DIR-9: a member whose relay is reached by WebSocket hears nothing from it by UDP."""
    network, (_host, client, _other) = direct_room(3)
    tag = 0 if kind is FirstByte.CTRL else client.session._joined().grant.tag
    forged = encode_header(kind, tag, 1) + bytes(30)
    before = client.session.drops[DropReason.UNEXPECTED_SOURCE]
    client.session.receive_from_peer(forged, RELAY, now=network.clock.now)
    client.flush()
    assert client.session.drops[DropReason.UNEXPECTED_SOURCE] == before + 1
    assert client.messages == []


def test_attack_relay_is_sent_no_check_though_a_peer_names_it() -> None:
    """DIR-9."""
    network, (host, client) = room_pair()
    named = Candidate(CandidateKind.HOST, RELAY)
    network.seek(host, [named])
    network.seek(client)
    for _ in range(500):
        network.run(0.02)
    targets = {datagram.address for datagram in network.posted}
    assert RELAY not in targets
    assert client.address in targets


def room_pair() -> tuple[NatNetwork, list[Member]]:
    """Return two members that do not look for direct paths yet."""
    network = NatNetwork(latency=0.01)
    members = room_of(network, 2)
    for member in members:
        network.put_behind(member, Mapping.INDEPENDENT, Filtering.INDEPENDENT)
    return network, members


def test_attack_address_that_a_peer_has_left_is_sent_data_for_a_short_time_only() -> None:
    """DIR-4: whoever has it now gets nothing after CONSENT_TIME, whatever is forged from there."""
    network, (host, client) = direct_room(2)
    left = path_to(host, client)
    assert left is not None
    network.is_cut = True
    forged = data_of(host, client, b"still here")
    started = network.clock.now
    last = started
    while network.clock.now < started + 2 * CONSENT_TIME:
        give(network, host, forged, left)
        assert host.try_post(b"x", 2, Mode.UNRELIABLE)
        if any(datagram.address == left for datagram in drain(host)):
            last = network.clock.now
        network.run(0.05)
    assert last <= started + CONSENT_TIME
    assert path_to(host, client) is None


def drain(member: Member) -> list:  # type: ignore[type-arg]
    """Return what a member sends directly, but for its checks."""
    return [
        datagram
        for datagram in member.session.direct_datagrams_to_send()
        if datagram.data[0] != FirstByte.SEAL
    ]


def test_session_that_has_ended_signals_nothing_more() -> None:
    network, (host, client) = direct_room(2)
    client.leave()
    network.run(1.0)
    assert client.closed is not None
    before = len(network.sent)
    for _ in range(20):
        give(network, client, b"\xa4\x00\x00\x00\x00\x01x", host.address)
        network.run(1.0)
    assert not [sent for sent in network.sent[before:] if sent.source == client.address]


def test_room_of_eight_finds_all_its_paths_within_its_budget() -> None:
    """DIR-6: what bounds the attacker leaves enough for a game."""
    network = NatNetwork(latency=0.02)
    members = room_of(network, 8)
    for number, member in enumerate(members):
        network.put_behind(member, Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT)
        own = [
            Candidate(CandidateKind.HOST, TransportAddress("10.0.0.9", 100 * number + index))
            for index in range(1, 4)
        ]
        network.seek(member, own)
    assert network.run_until(lambda: all_reach_all(members), within=20.0)


def all_reach_all(members: list[Member]) -> bool:
    """Tell whether everybody sends to everybody directly."""
    return all(path_to(one, other) for one in members for other in members if one is not other)
