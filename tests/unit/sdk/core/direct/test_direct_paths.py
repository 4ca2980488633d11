"""Tests of direct paths to all peers of a member."""

from random import Random

import pytest

from packhorse.core.direct.direct_paths import DirectPaths
from packhorse.core.events import Event, PeerId, PeerPathChanged
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import SIGNAL_RATE, CandidateKind, DropReason, FirstByte
from packhorse.wire.errors import ParseError
from packhorse.wire.header import decode_header


def address(peer: int) -> TransportAddress:
    """Return the address of a peer."""
    return TransportAddress("192.0.2.1", peer)


class Side:
    """The paths of one member, and what it tells."""

    def __init__(self, peer: int, peers: list[int]) -> None:
        self.peer = peer
        self.events: list[Event] = []
        random_bytes = Random(peer).randbytes  # noqa: S311 - repeatable by design
        self.paths = DirectPaths(peer, 1200, random_bytes, self.events.append, is_local=False)
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
