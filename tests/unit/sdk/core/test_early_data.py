"""Tests of the store for data of peers that are not announced yet."""

from packhorse.core.early_data import EarlyData, EarlyDatagram
from packhorse.core.events import PeerId
from packhorse.wire.constants import EARLY_DATA, Kind
from packhorse.wire.header import Header


def message(number: int, peer: int = 3) -> EarlyDatagram:
    return EarlyDatagram(Header(Kind.DATA, 0x5C, peer), bytes([number]))


def test_release_hands_out_one_peers_messages_in_order_of_arrival() -> None:
    store = EarlyData()
    for number, peer in enumerate((3, 4, 3, 5)):
        store.hold(message(number, peer), now=0.0)

    assert store.release(PeerId(3)) == [message(0), message(2)]
    assert store.release(PeerId(4)) == [message(1, 4)]


def test_release_hands_out_each_message_once() -> None:
    store = EarlyData()
    store.hold(message(0), now=0.0)
    store.release(PeerId(3))

    assert store.release(PeerId(3)) == []


def test_hold_refuses_the_65th_message_of_all_peers_together() -> None:
    """LIM-1: a stranger can fill this store, so it has a largest size."""
    store = EarlyData()

    kept = [store.hold(message(number, 3 + number % 5), now=0.0) for number in range(EARLY_DATA)]

    assert (EARLY_DATA, all(kept)) == (64, True)
    assert not store.hold(message(64), now=0.0)


def test_release_makes_place_again() -> None:
    store = EarlyData()
    for number in range(EARLY_DATA):
        store.hold(message(number), now=0.0)

    store.release(PeerId(3))

    assert store.hold(message(64), now=0.0)


def test_discard_drops_the_messages_of_peers_that_cannot_come_and_counts_them() -> None:
    store = EarlyData()
    for number, peer in enumerate((3, 4, 3, 5)):
        store.hold(message(number, peer), now=0.0)

    count = store.discard(lambda peer: peer > 3)

    assert count == 2
    assert [store.release(PeerId(peer)) for peer in (3, 4, 5)] == [
        [],
        [message(1, 4)],
        [message(3, 5)],
    ]


def test_forged_early_data_of_a_peer_that_never_comes_makes_place_after_4_s() -> None:
    """LIM-1: 64 forged datagrams with the right tag."""
    store = EarlyData()
    for number in range(EARLY_DATA):
        store.hold(message(number, peer=9), now=number / 100)

    assert [store.expire(now=now) for now in (3.99, 4.0, 4.5, 9.0)] == [0, 1, 50, 13]
    assert store.hold(message(64), now=9.0)
    assert store.release(PeerId(3)) == [message(64)]
