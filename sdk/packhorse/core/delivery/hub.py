"""The delivery layer of one member: one state towards each peer, one towards all."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from packhorse.core.delivery.allowance import Allowance
from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.fanout import FanOutReceiver, FanOutSender
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.packing import largest_piece
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.wire.constants import GENERATIONS, REASSEMBLY_TOTAL, Mode
from packhorse.wire.frames import RELIABLE_MODES

if TYPE_CHECKING:
    from collections.abc import Callable

SEND_BUFFER: Final = 256 * 1024  # bytes of reliable payload that wait for one peer
_MAX_PARTS: Final = 65535


class PeerStatistics(NamedTuple):
    """What the delivery layer has measured towards one peer."""

    rtt: float | None
    """Smoothed round-trip time, seconds; None before the first sample."""
    jitter: float
    """Variation of the RTT (RFC 6298), seconds."""
    loss: float
    """Fraction of the peer's FRAME datagrams that did not arrive, 0..1."""
    queued_bytes: int
    """Reliable payload that waits to be sent for the first time."""


class Delivery:
    """Messages to peers become FRAME payloads, and back (SPEC.md section 16)."""

    def __init__(
        self, max_payload: int, own: int = 0, restarts: Mapping[int, int] | None = None
    ) -> None:
        """Start.

        Args:
            max_payload: Bytes that a FRAME datagram may have behind its header.
            own: Own peer id.
            restarts: How often each member was restarted, this one included; its caller changes it.
        """
        self._own = own
        self._restarts: Mapping[int, int] = {} if restarts is None else restarts
        self.on_pong: Callable[[int, float], None] = lambda _ping, _rtt: None
        """Called with what `ping` returned and the round-trip time in seconds; set it first."""
        self._pings = 0
        self._max_payload = max_payload
        self._budget = MemoryBudget(REASSEMBLY_TOTAL)
        self._allowance = Allowance()
        self._peers: dict[int, PeerDelivery] = {}
        self._fanout_sender = FanOutSender(max_payload)
        self._fanout_receivers: dict[int, FanOutReceiver] = {}

    def may_push(self, peers: list[int]) -> bool:
        """Tell whether the send buffers towards all of `peers` have room."""
        known = (self._peers.get(peer) for peer in peers)
        return all(peer is None or peer.queued_bytes < SEND_BUFFER for peer in known)

    def keep_to(self, octets: int, datagrams: int) -> None:
        """Send no more reliable frames than the relay allows, bytes and datagrams a second."""
        self._allowance.limit(octets, datagrams)

    @property
    def largest_message(self) -> int:
        """Bytes that the pieces of one message can hold."""
        return largest_piece(self._max_payload) * _MAX_PARTS

    def push(self, data: bytes, peer: int, mode: Mode, channel: int, *, now: float) -> None:
        """Queue a message to one peer."""
        self._peer(peer, now).push(data, mode, channel)

    def push_fanout(self, data: bytes, to: int, mode: Mode, channel: int) -> None:
        """Queue an unreliable message to a destination that names several peers."""
        self._fanout_sender.push(data, to, mode, channel)

    def ping(self, peer: int, *, now: float) -> int:
        """Measure the RTT to a peer now; return the number with which `on_pong` tells it."""
        self._pings += 1
        self._peer(peer, now).ping(self._pings)
        return self._pings

    def consume(self, peer: int, mode: Mode, size: int) -> None:
        """Note that the application has taken a message of `size` bytes."""
        delivery = self._peers.get(peer)
        if delivery is not None and mode in RELIABLE_MODES:
            delivery.consume(size)

    def receive(self, payload: bytes, peer: int, *, is_fanout: bool, now: float) -> list[Delivered]:
        """Take in the payload of a FRAME datagram; return the messages it completes.

        Raises:
            ParseError: It was not acted upon.
        """
        if not is_fanout:
            return self._peer(peer, now).receive(payload, now=now)
        receiver = self._fanout_receivers.get(peer)
        if receiver is None:
            generation = self._restarts.get(peer, 0)
            receiver = FanOutReceiver(self._budget, generation=generation)
            self._fanout_receivers[peer] = receiver
        return receiver.receive(payload, now=now)

    def statistics(self, peer: int) -> PeerStatistics:
        """Return what was measured towards a peer."""
        delivery = self._peers.get(peer)
        if delivery is None:
            return PeerStatistics(None, 0.0, 0.0, 0)
        rtt = delivery.rtt
        return PeerStatistics(rtt.smoothed, rtt.variation, delivery.loss, delivery.queued_bytes)

    @property
    def is_idle(self) -> bool:
        """Tell whether everything reliable was acknowledged by every peer."""
        return all(peer.is_idle for peer in self._peers.values())

    def change_path(self, peer: int, *, now: float) -> None:
        """Forget what was measured towards a peer (SPEC.md section 16.16)."""
        delivery = self._peers.get(peer)
        if delivery is not None:
            delivery.change_path(now=now)

    def doubt_path(self, peer: int, *, now: float) -> None:
        """Send a peer everything under way again: its path has fallen silent."""
        delivery = self._peers.get(peer)
        if delivery is not None:
            delivery.doubt_path(now=now)

    def forget(self, peer: int) -> None:
        """Drop all state towards a peer that has left."""
        delivery = self._peers.pop(peer, None)
        if delivery is not None:
            delivery.close()
        receiver = self._fanout_receivers.pop(peer, None)
        if receiver is not None:
            receiver.close()

    def next_timeout(self, *, now: float) -> float | None:
        """Return when `handle_timeout` or `payloads_to_send` next has work."""
        if self._fanout_sender.has_work:
            return now
        deadlines = (peer.next_timeout(now=now) for peer in self._peers.values())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        for peer in self._peers.values():
            peer.handle_timeout(now=now)

    def payloads_to_send(self, *, now: float) -> list[tuple[int, bytes]]:
        """Return (destination, payload) of the FRAME datagrams that go out now."""
        payloads = self._fanout_payloads() if self._fanout_sender.has_work else []
        for number, peer in self._peers.items():
            payloads += [(number, payload) for payload in peer.payloads_to_send(now=now)]
        return payloads

    def _fanout_payloads(self) -> list[tuple[int, bytes]]:
        self._fanout_sender.generation = self._restarts.get(self._own, 0)
        return self._fanout_sender.payloads_to_send()

    def _generation(self, peer: int) -> int:
        restarts = self._restarts
        return (restarts.get(self._own, 0) + restarts.get(peer, 0)) % GENERATIONS

    def _peer(self, peer: int, now: float) -> PeerDelivery:
        delivery = self._peers.get(peer)
        if delivery is None:
            delivery = PeerDelivery(
                self._max_payload,
                self._budget,
                self._allowance,
                generation=self._generation(peer),
                now=now,
            )
            delivery.pings.on_answer = self.on_pong
            self._peers[peer] = delivery
        return delivery
