"""When two ends acknowledge to each other, and what they learn from it."""

from types import SimpleNamespace

import pytest

from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.testing import Conditions, Pair
from packhorse.testing.link import CUT
from packhorse.wire.constants import FRAGMENT_SIZE, Mode
from packhorse.wire.frames import FrameDatagram, decode_frames
from tests.support.delivery_pair import MAX_PAYLOAD


def peer() -> PeerDelivery:
    return PeerDelivery(MAX_PAYLOAD, MemoryBudget(1 << 30), now=0.0)


def sent(one: PeerDelivery, *, now: float = 0.0) -> list[FrameDatagram]:
    return [decode_frames(payload) for payload in one.payloads_to_send(now=now)]


def test_flood_of_pings_is_answered_once_each_time_that_something_is_sent() -> None:
    one = peer()
    for number in range(100):
        one.receive(b"\x02" + number.to_bytes(2, "big") + b"\x80", now=0.0)

    (datagram,) = sent(one)

    assert datagram.ack is not None
    assert datagram.ack.largest == 99
    assert one.next_timeout(now=0.0) is None


def test_nothing_is_repeated_when_more_arrives_at_once_than_a_bitmap_tells_of() -> None:
    left, right = peer(), peer()
    left._congestion = SimpleNamespace(  # type: ignore[assignment]
        window=1 << 30, pacing_rate=float("inf"), on_ack=lambda *_, **__: None
    )
    for _ in range(700):
        left.push(bytes(1000), Mode.RELIABLE, 0)
    for payload in left.payloads_to_send(now=0.0):
        right.receive(payload, now=0.01)

    for payload in right.payloads_to_send(now=0.01):
        left.receive(payload, now=0.02)

    assert left.is_idle


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED])
def test_sender_of_nothing_but_unreliable_messages_knows_the_rtt(mode: Mode) -> None:
    pair = Pair(Conditions(latency=0.02, loss=0.05), seed="unreliable")

    for _ in range(60 * 10):
        pair.left.push(b"position", mode, 1)
        pair.run_for(1 / 60)

    assert pair.left.delivery.rtt.smoothed == pytest.approx(0.04, abs=0.0011)
    assert pair.right.delivery.loss == pytest.approx(0.05, abs=0.04)


def test_unreliable_messages_into_a_cut_path_do_not_keep_reliable_ones_from_leaving() -> None:
    pair = Pair(CUT)
    for _ in range(60):
        pair.left.push(bytes(1000), Mode.UNRELIABLE_ORDERED)
        pair.run_for(1.0)

    pair.there.conditions = pair.back.conditions = Conditions(latency=0.02)
    pair.left.push(b"arrives", Mode.RELIABLE)
    pair.run_until(lambda: pair.is_idle, deadline=0.1)


def test_peer_understands_the_numbers_after_an_outage_in_which_very_much_was_sent() -> None:
    pair = Pair(Conditions(latency=0.02))
    pair.left.push(b"before")
    pair.run_for(1.0)
    pair.there.conditions = CUT
    for _ in range(40):
        for _ in range(1000):
            pair.left.push(b"position", Mode.UNRELIABLE_ORDERED)
        pair.run_for(1.0)

    pair.there.conditions = Conditions(latency=0.02)
    pair.left.push(b"after")
    pair.run_until(lambda: pair.is_idle, deadline=1.0)
    pair.right.messages.clear()
    pair.left.push(b"position", Mode.UNRELIABLE_ORDERED)
    pair.run_for(1.0)

    assert pair.right.messages


def test_probe_is_sent_though_its_piece_does_not_fit_beside_the_acknowledgement() -> None:
    one = peer()
    one.push(bytes(FRAGMENT_SIZE), Mode.RELIABLE, 255)
    assert len(sent(one)) == 1
    for number in range(250):
        one.receive(b"\x00" + number.to_bytes(2), now=0.4)
    one.receive(b"\x02" + (250).to_bytes(2), now=0.49)

    one.handle_timeout(now=0.5)
    alone, probe = sent(one, now=0.5)

    assert alone.ack is not None
    assert not alone.messages
    assert len(probe.messages[0].payload) == FRAGMENT_SIZE
    assert sent(one, now=0.5) == []
