"""Two delivery layers and the path between them, which loses."""

from random import Random

import pytest

from packhorse.wire.constants import RECEIVE_WINDOW, DropReason, Mode
from packhorse.wire.frames import decode_frames
from tests.support.delivery_pair import LATENCY, DeliveryPair, DeliverySide

KIB = 1 << 10


def test_everything_arrives_in_order_and_is_settled() -> None:
    pair = DeliveryPair()
    messages = [bytes([n]) * (n * 37) for n in range(200)]
    for message in messages:
        pair.left.peer.push(message, Mode.RELIABLE, 3)
    assert pair.left.peer.queued_bytes

    pair.run(5.0)

    assert pair.right.data() == messages
    assert pair.left.peer.is_idle
    assert pair.left.peer.next_timeout(now=pair.clock.now) is None


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED])
@pytest.mark.parametrize("seed", range(3))
def test_everything_arrives_once_over_a_path_that_loses_a_third(mode: Mode, seed: int) -> None:
    pair, random = DeliveryPair(), Random(seed)  # noqa: S311 - repeatable by design
    pair.is_lost = lambda _sender, _payload: random.random() < 0.33
    messages = [number.to_bytes(2, "big") * 300 for number in range(100)]
    for message in messages:
        pair.left.peer.push(message, mode, 0)

    pair.run(60.0)

    arrived = pair.right.data()
    assert (arrived if mode is Mode.RELIABLE else sorted(arrived)) == messages
    assert pair.left.peer.is_idle


def test_datagram_overtaken_by_one_is_repeated_in_time() -> None:
    pair = DeliveryPair()
    pair.left.peer.ping()
    pair.run(1.0)
    pair.is_lost = lambda sender, _payload: sender is pair.left and len(pair.left.sent) == 2
    pair.left.peer.push(b"0" * 1000, Mode.RELIABLE, 0)
    pair.left.peer.push(b"1" * 1000, Mode.RELIABLE, 0)

    pair.run(4 * LATENCY)

    assert pair.right.data() == [b"0" * 1000, b"1" * 1000]


def test_sender_never_gives_up_while_the_peer_is_silent() -> None:
    pair = DeliveryPair()
    pair.is_lost = lambda _sender, _payload: True
    pair.left.peer.push(b"still here", Mode.RELIABLE, 0)
    pair.run(3600.0)
    pair.is_lost = lambda _sender, _payload: False

    pair.run(3.0)

    assert pair.right.data() == [b"still here"]
    assert 3600 / 2 <= len(pair.left.sent) <= 3600 / 2 + 20


def test_ping_measures_the_round_trip() -> None:
    pair = DeliveryPair()
    answers: list[tuple[int, float]] = []
    pair.left.peer.pings.on_answer = lambda ping, rtt: answers.append((ping, rtt))

    pair.left.peer.ping(7)
    pair.run(1.0)

    ((ping, rtt),) = answers
    assert ping == 7
    assert rtt == pytest.approx(2 * LATENCY, abs=0.002)
    assert pair.left.peer.rtt.smoothed == pytest.approx(2 * LATENCY, abs=0.002)


def test_sender_waits_for_credit_and_goes_on_when_it_comes() -> None:
    pair, before = DeliveryPair(), RECEIVE_WINDOW - 5 * KIB
    pair.left.peer._credit.spend(before)  # as if that much had been sent already
    pair.right.peer._credit.arrive(before)
    pair.right.is_reading = False
    for _ in range(4):
        pair.left.peer.push(bytes(2 * KIB), Mode.RELIABLE, 0)
    pair.run(10.0)
    assert len(pair.right.delivered) == 2
    assert pair.left.peer.queued_bytes == 4 * KIB

    pair.right.peer.consume(RECEIVE_WINDOW // 8)
    pair.run(1.0)

    assert len(pair.right.delivered) == 4
    assert pair.left.peer.is_idle


def test_message_that_the_application_leaves_unread_is_repeated_only_until_it_arrives() -> None:
    pair = DeliveryPair()
    pair.right.peer._credit.arrive(RECEIVE_WINDOW - 4 * KIB)
    pair.left.peer._credit.spend(RECEIVE_WINDOW - 4 * KIB)
    pair.right.is_reading = False
    pair.is_lost = lambda sender, _payload: sender is pair.right and pair.clock.now < 1.0
    pair.left.peer.push(bytes(3 * KIB), Mode.RELIABLE, 0)

    pair.run(10.0)

    assert pair.left.peer.is_idle
    assert {error.reason for error in pair.right.refused} == {DropReason.LATE_MESSAGE}


def test_lost_credit_is_repeated() -> None:
    pair = DeliveryPair()
    pair.right.peer.consume(RECEIVE_WINDOW)
    lost: list[bytes] = []

    def is_first(sender: DeliverySide, payload: bytes) -> bool:
        lost.append(payload)
        return sender is pair.right and len(lost) == 1

    pair.is_lost = is_first
    pair.run(2.0)

    told = [decode_frames(payload).credit for payload in pair.right.sent]
    assert [value for value in told if value] == [2 * RECEIVE_WINDOW // KIB] * 2
