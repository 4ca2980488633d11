"""Tests of direct paths to all peers of a member."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from packhorse.core.direct.direct_paths import DirectPaths
from packhorse.core.direct.offers import decode_offer
from packhorse.core.direct.remote import Remote
from packhorse.core.direct.remotes import Remotes
from packhorse.core.events import Event, PeerId, PeerPathChanged
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.codec import encode_body
from packhorse.wire.constants import (
    CHECK_BURST,
    CHECK_RATE,
    SIGNAL_RATE,
    CandidateKind,
    DropReason,
    FirstByte,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.header import decode_header

RELAY = TransportAddress("203.0.113.1", 6969)


def address(peer: int) -> TransportAddress:
    """Return the address of a peer."""
    return TransportAddress("192.0.2.1", peer)


class Side:
    """The paths of one member, and what it tells."""

    def __init__(self, peer: int, peers: list[int]) -> None:
        self.peer = peer
        self.events: list[Event] = []
        random_bytes = Random(peer).randbytes  # noqa: S311 - repeatable by design
        self.paths = DirectPaths(peer, 1200, random_bytes, self.events.append, relay=RELAY)
        self.paths.offer([Candidate(CandidateKind.HOST, address(peer))], now=0.0)
        for other in peers:
            if other != peer:
                self.paths.welcome(PeerId(other), now=0.0)


def room(count: int) -> dict[int, Side]:
    """Return members that all know each other."""
    peers = list(range(1, count + 1))
    return {peer: Side(peer, peers) for peer in peers}


def run(sides: dict[int, Side], start: float, seconds: float) -> None:
    """Carry signals and checks without delay."""
    for step in range(round(seconds * 100)):
        now = start + step / 100
        for side in sides.values():
            side.paths.handle_timeout(now=now)
        for side in sides.values():
            for peer, data in side.paths.signals_to_send(now=now):
                sides[peer].paths.receive_signal(side.peer, data, now=now)
        for side in sides.values():
            for datagram in side.paths.datagrams_to_send():
                target = sides[datagram.address.port].paths
                header = decode_header(datagram.data)
                with suppress(ParseError):  # of a peer whose offer is still to come
                    target.receive_seal(datagram.data, header.word, address(side.peer), now=now)


def test_every_pair_finds_its_path_and_says_so() -> None:
    sides = room(3)
    run(sides, 0.0, 1.0)
    for side in sides.values():
        others = set(sides) - {side.peer}
        assert {peer: side.paths.path(PeerId(peer)) for peer in others} == {
            peer: address(peer) for peer in others
        }
        assert {event.peer for event in side.events if isinstance(event, PeerPathChanged)} == others


def test_data_to_one_peer_takes_its_path_with_the_header_a_relay_would_give() -> None:
    sides = room(3)
    run(sides, 0.0, 1.0)
    assert sides[2].paths.post(FirstByte.DATA, 3, b"hi", [3], now=1.0)
    (datagram,) = sides[2].paths.datagrams_to_send()
    header = decode_header(datagram.data)
    assert (datagram.address, header.source, header.is_fanout) == (address(3), 2, False)
    sides[3].paths.hear_data(header, address(2), now=1.0)


def test_data_to_all_goes_directly_only_when_all_are_reached() -> None:
    sides = room(3)
    run(sides, 0.0, 1.0)
    assert sides[1].paths.post(FirstByte.DATA, 0, b"hi", [2, 3], now=1.0)
    datagrams = sides[1].paths.datagrams_to_send()
    assert [datagram.address for datagram in datagrams] == [address(2), address(3)]
    assert all(decode_header(datagram.data).is_fanout for datagram in datagrams)
    assert not sides[1].paths.post(FirstByte.DATA, 0, b"hi", [2, 3, 4], now=1.0)
    assert sides[1].paths.datagrams_to_send() == []


def test_path_in_doubt_carries_frames_beside_the_relay_and_no_plain_data() -> None:
    """DIR-7."""
    sides = room(2)
    run(sides, 0.0, 1.0)
    paths = sides[1].paths
    assert paths.post(FirstByte.DATA, 2, b"hi", [2], now=5.0)
    doubted: list[int] = []
    paths.on_doubt = doubted.append
    for step in range(100):
        paths.handle_timeout(now=5.0 + step / 100)
    paths.datagrams_to_send()
    assert doubted == [2]
    assert not paths.post(FirstByte.DATA, 2, b"hi", [2], now=6.0)
    assert paths.datagrams_to_send() == []
    assert not paths.post(FirstByte.FRAME, 2, b"hi", [2], now=6.0)
    assert len(paths.datagrams_to_send()) == 1


def test_peer_that_left_is_forgotten() -> None:
    sides = room(2)
    run(sides, 0.0, 1.0)
    sides[1].paths.forget(PeerId(2))
    assert sides[1].paths.path(PeerId(2)) is None
    assert not sides[1].paths.post(FirstByte.DATA, 2, b"hi", [2], now=1.0)
    assert sides[1].paths.next_timeout() is None


@pytest.mark.parametrize("peer", [7, 1])
def test_signal_of_a_stranger_is_refused(peer: int) -> None:
    paths = room(2)[1].paths
    with pytest.raises(ParseError) as caught:
        paths.receive_signal(peer, b"x", now=0.0)
    assert caught.value.reason is DropReason.UNKNOWN_PEER


def test_seal_for_no_connection_of_this_member_is_refused() -> None:
    sides = room(2)
    with pytest.raises(ParseError) as caught:
        sides[1].paths.receive_seal(bytes(40), 12345, address(2), now=0.0)
    assert caught.value.reason is DropReason.UNKNOWN_SESSION


def test_many_peers_are_told_one_after_the_other() -> None:
    """DIR-1: the relay takes SIGNAL_RATE of them in a second."""
    side = Side(1, list(range(1, 65)))
    sent = sum(len(side.paths.signals_to_send(now=step / 100)) for step in range(100))
    assert 2 * SIGNAL_RATE <= sent <= 3.2 * SIGNAL_RATE


def test_same_candidates_again_are_not_offered_again() -> None:
    side = Side(1, [1, 2])
    side.paths.signals_to_send(now=0.0)
    side.paths.offer([Candidate(CandidateKind.HOST, address(1))], now=0.1)
    assert side.paths.signals_to_send(now=0.1) == []
    side.paths.offer([Candidate(CandidateKind.HOST, address(9))], now=0.1)
    assert len(side.paths.signals_to_send(now=0.1)) == 1


def victims(count: int, first: int) -> list[Candidate]:
    """Return offered addresses at which nobody answers."""
    return [
        Candidate(CandidateKind.HOST, TransportAddress("198.51.100.9", first + number))
        for number in range(count)
    ]


def offer_of(sender: int, candidates: list[Candidate]) -> bytes:
    """Return the signal in which a peer offers these addresses to peer 1."""
    other = Side(sender, [1])
    other.paths.offer(candidates, now=0.0)
    ((_, data),) = other.paths.signals_to_send(now=0.0)
    return data


def test_attack_offered_victims_get_few_checks_however_many_peers_name_them() -> None:
    """DIR-6."""
    side = Side(1, list(range(1, 65)))
    for peer in range(2, 65):
        side.paths.receive_signal(peer, offer_of(peer, victims(16, peer * 100)), now=0.0)
    sent = octets = 0
    for step in range(600):
        side.paths.handle_timeout(now=step / 10)
        datagrams = side.paths.datagrams_to_send()
        sent += len(datagrams)
        octets += sum(len(datagram.data) for datagram in datagrams)
    assert sent <= CHECK_BURST + 60 * CHECK_RATE
    assert octets <= 64 * sent


def test_attack_peer_that_offers_many_addresses_does_not_keep_the_others_from_being_checked() -> (
    None
):
    """DIR-6."""
    side = Side(1, [1, 2, 3])
    side.paths.receive_signal(2, offer_of(2, victims(16, 100)), now=0.0)
    for step in range(10 * CHECK_BURST):
        side.paths.handle_timeout(now=step / 100)
    side.paths.datagrams_to_send()
    now = 0.1 * CHECK_BURST
    side.paths.receive_signal(2, offer_of(2, victims(16, 100)), now=now)
    side.paths._peers[2]._lead(0.0, now)
    side.paths.receive_signal(3, offer_of(3, victims(1, 900)), now=now)
    side.paths._budget._conforms_at = now + CHECK_BURST / CHECK_RATE
    for step in range(100):
        side.paths.handle_timeout(now=now + step / 100)
    ports = [datagram.address.port for datagram in side.paths.datagrams_to_send()]
    assert ports.count(900) >= len(ports) // 3


def test_attack_peer_that_asks_without_end_does_not_keep_signals_from_the_others() -> None:
    """DIR-1."""
    side = Side(1, [1, 2, 3])
    for step in range(200):
        side.paths.signals_to_send(now=step / 100)
    asking = decode_offer(offer_of(2, victims(1, 1)))
    told = []
    for step in range(1000):
        now = 10.0 + step / 100
        ask = encode_body(replace(asking, seq=step + 2, ask=True))
        side.paths.receive_signal(2, ask, now=now)
        if step == 500:
            side.paths._peers[3].offers.renew(now=now)
        told += [(now, peer) for peer, _ in side.paths.signals_to_send(now=now)]
    first = min(now for now, peer in told if peer == 3)
    assert first <= 15.0 + 2 / SIGNAL_RATE


def test_attack_forged_seal_costs_no_look_at_each_peer() -> None:
    side = Side(1, list(range(1, 65)))
    words = {direct.own.connection: peer for peer, direct in side.paths._peers.items()}
    assert side.paths._by_connection == words
    assert len(words) == 63


def test_connection_that_was_chosen_anew_is_the_one_that_counts() -> None:
    side = Side(1, [1, 2])
    own = side.paths._peers[2].own
    echoed = replace(decode_offer(offer_of(2, victims(1, 1))), connection=own.connection)
    with pytest.raises(ParseError):
        side.paths.receive_signal(2, encode_body(echoed), now=0.0)
    assert side.paths._by_connection == {side.paths._peers[2].own.connection: 2}
    assert side.paths._peers[2].own.connection != own.connection
    side.paths.forget(PeerId(2))
    assert side.paths._by_connection == {}


def test_pump_of_a_room_looks_at_no_address_where_nothing_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sides = {peer: Side(peer, [1, peer]) for peer in range(2, 17)}
    sides[1] = Side(1, list(range(1, 17)))
    paths = sides[1].paths
    run(sides, 0.0, 4.0)
    assert all(paths.path(PeerId(peer)) for peer in range(2, 17))
    paths.handle_timeout(now=4.0)
    paths.next_timeout()
    looks: list[Remotes] = []
    look = Remotes.__iter__

    def count(remotes: Remotes) -> Iterator[Remote]:
        looks.append(remotes)
        return look(remotes)

    monkeypatch.setattr(Remotes, "__iter__", count)
    due = None
    for step in range(100):
        paths.handle_timeout(now=4.0 + step / 1000)
        due = paths.next_timeout()
    assert looks == []
    assert due is not None
    paths.handle_timeout(now=due)
    assert looks
