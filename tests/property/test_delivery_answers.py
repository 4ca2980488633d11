"""When two ends acknowledge to each other, and what they learn from it."""

from types import SimpleNamespace

from packhorse.core.delivery.incoming import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.wire.constants import Mode
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
