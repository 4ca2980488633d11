"""Transfers that share a bottleneck with a queue of one BDP, in virtual time."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import pytest

from packhorse.core.delivery.delivered import Delivered
from packhorse.testing import Conditions, End, Link, VirtualClock
from tests.support.cubic import CubicFlow

RATE: Final = 10e6 / 8  # bytes a second
RTT: Final = 0.05  # seconds
SLOW: Final = 2e6 / 8  # bytes a second
SAID: Final = bytes(900)  # by a game at once
MESSAGE: Final = bytes(16_000)
AHEAD: Final = 256 * 1024  # bytes that wait in the sender
TOGETHER: Final = 60.0  # seconds
LEAST_SHARE: Final = 0.25  # of the link
FAIR: Final = 0.95  # Jain index; 1.0 is the same for all, 0.5 all for one of two


class Flow(Protocol):
    """A sender that always has data, and its receiver."""

    @property
    def arrived_bytes(self) -> int:
        """Payload that the receiver has."""

    def start(self) -> None:
        """Begin to send."""


class Path(NamedTuple):
    """A link and the way back, which all flows share."""

    clock: VirtualClock
    there: Link[Callable[[bytes], None]]
    back: Link[Callable[[bytes], None]]


class PackhorseFlow:
    """A bulk transfer over the delivery layer."""

    def __init__(self, path: Path) -> None:
        self.arrived_bytes = 0
        self._sender = End(path.clock)
        receiver = End(path.clock)
        self._sender.connect(lambda data: path.there.send(data, receiver.receive))
        receiver.connect(lambda data: path.back.send(data, self._receive_ack))
        receiver.on_message = self._take

    def start(self) -> None:
        """Fill the send buffer; each acknowledgement fills it again."""
        while self._sender.delivery.queued_bytes < AHEAD:
            self._sender.push(MESSAGE)

    def _receive_ack(self, data: bytes) -> None:
        self._sender.receive(data)
        self.start()

    def _take(self, message: Delivered) -> None:
        self.arrived_bytes += len(message.data)


def cubic(path: Path) -> CubicFlow:
    """Return a flow of TCP with CUBIC on a path."""
    flow = CubicFlow(
        path.clock,
        lambda data: path.there.send(data, flow.receive_data),
        lambda data: path.back.send(data, flow.receive_ack),
    )
    return flow


class GameFlow:
    """A game that says as much as is sent on a slow link, and how late that comes."""

    def __init__(self, path: Path, rate: float) -> None:
        self.delays: list[float] = []
        self._clock = path.clock
        self._every = len(SAID) / rate
        self._sent_at: deque[float] = deque()
        self._sender = End(path.clock)
        receiver = End(path.clock)
        self._sender.connect(lambda data: path.there.send(data, receiver.receive))
        receiver.connect(lambda data: path.back.send(data, self._sender.receive))
        receiver.on_message = self._take

    def start(self) -> None:
        """Say something now, and again and again."""
        self._sent_at.append(self._clock.now)
        self._sender.push(SAID)
        self._clock.call_at(self._clock.now + self._every, self.start)

    def _take(self, _message: Delivered) -> None:
        self.delays.append(self._clock.now - self._sent_at.popleft())


def new_path(loss: float = 0.0, seed: str = "", *, rate: float = RATE, queues: int = 1) -> Path:
    """Return a path with a queue of so many BDP each way."""
    queue = int(queues * rate * RTT)
    conditions = Conditions(latency=RTT / 2, rate=rate, queue=queue, loss=loss)
    clock = VirtualClock()

    def hand_over(data: bytes, receive: Callable[[bytes], None]) -> None:
        receive(data)

    there = Link(clock, hand_over, conditions, seed=f"{seed} there")
    return Path(clock, there, Link(clock, hand_over, conditions, seed=f"{seed} back"))


def shares(
    path: Path, flows: Sequence[Flow], apart: float, lasting: float = TOGETHER
) -> list[float]:
    """Start flows `apart` seconds from each other; return their shares while all are there."""
    for i, flow in enumerate(flows):
        path.clock.advance_to(path.clock.now + (apart if i else 0.0))
        flow.start()
    before = [flow.arrived_bytes for flow in flows]
    path.clock.advance_to(path.clock.now + lasting)
    arrived = [flow.arrived_bytes - start for flow, start in zip(flows, before, strict=True)]
    found = [each / lasting / RATE for each in arrived]
    print("shares of the link:", *(f"{share:.2f}" for share in found))
    return found


def check_shares_with_cubic(order: str, apart: float) -> None:
    """Let a transfer and a CUBIC flow share the link in this order; neither must starve."""
    path = new_path()
    flows = [PackhorseFlow(path) if each == "packhorse" else cubic(path) for each in order.split()]
    assert min(shares(path, flows, apart)) >= LEAST_SHARE


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("order", "apart"), [("packhorse cubic", 0.0), ("cubic packhorse", 5.0)])
def test_neither_a_transfer_nor_cubic_starves_beside_the_other(order: str, apart: float) -> None:
    check_shares_with_cubic(order, apart)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("apart", [0.013, 0.4, 2.0, 5.0, 5.013, 11.0])
@pytest.mark.parametrize("order", ["packhorse cubic", "cubic packhorse"])
def test_neither_starves_whenever_the_other_begins(order: str, apart: float) -> None:
    check_shares_with_cubic(order, apart)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("apart", [0.0, 5.0])
def test_two_transfers_share_a_link_fairly(apart: float) -> None:
    path = new_path()

    found = shares(path, [PackhorseFlow(path), PackhorseFlow(path)], apart, 20.0)

    assert sum(found) ** 2 / (2 * sum(share**2 for share in found)) >= FAIR


@pytest.mark.parametrize("part", [0.4, 0.5])
def test_game_beside_a_transfer_keeps_out_of_the_queue_of_both(part: float) -> None:
    """It once took that queue for the path, and each of the two waited for the other's."""
    path = new_path(rate=SLOW, queues=4)
    game, transfer = GameFlow(path, part * SLOW), PackhorseFlow(path)
    game.start()
    transfer.start()
    path.clock.advance_to(path.clock.now + 22.0)
    game.delays.clear()
    path.clock.advance_to(path.clock.now + 10.0)
    delays = sorted(game.delays)

    late = delays[len(delays) * 99 // 100]
    print(f"\n{part:.0%} of the link: p50 {delays[len(delays) // 2]:.3f} s, p99 {late:.3f} s")
    assert late < 8 * RTT


@pytest.mark.parametrize("loss", [0.01, 0.02])
def test_transfer_is_far_above_cubic_where_radio_loses_datagrams(loss: float) -> None:
    ours, theirs = new_path(loss, "ours"), new_path(loss, "theirs")

    [transfer] = shares(ours, [PackhorseFlow(ours)], 0.0, 15.0)
    [tcp] = shares(theirs, [cubic(theirs)], 0.0, 15.0)

    assert transfer > 2 * tcp
