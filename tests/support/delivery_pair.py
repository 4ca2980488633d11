"""Two delivery layers, joined by a path in virtual time."""

from typing import TYPE_CHECKING, Final

from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.testing.clock import VirtualClock
from packhorse.wire.constants import REASSEMBLY_TOTAL, Mode
from packhorse.wire.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PAYLOAD: Final = 1194
LATENCY: Final = 0.02  # seconds, one way


class DeliverySide:
    """One end."""

    def __init__(self, clock: VirtualClock, budget: MemoryBudget | None = None) -> None:
        self._clock = clock
        self.budget = MemoryBudget(REASSEMBLY_TOTAL) if budget is None else budget
        self.peer = PeerDelivery(MAX_PAYLOAD, self.budget, now=clock.now)
        self.delivered: list[Delivered] = []
        self.refused: list[ParseError] = []
        self.sent: list[bytes] = []
        """Payloads, also those that were lost."""
        self.is_reading = True
        """Consume at once what is delivered."""

    def receive(self, payload: bytes) -> None:
        """Take in a payload and keep what it brings."""
        try:
            delivered = self.peer.receive(payload, now=self._clock.now)
        except ParseError as error:
            self.refused.append(error)
            return
        self.delivered += delivered
        if self.is_reading:
            self.read(delivered)

    def read(self, messages: list[Delivered]) -> None:
        """Consume the reliable ones of some messages."""
        for message in messages:
            if message.mode in {Mode.RELIABLE, Mode.RELIABLE_UNORDERED}:
                self.peer.consume(len(message.data))

    def data(self) -> list[bytes]:
        """Return the messages that came, without mode and channel."""
        return [message.data for message in self.delivered]


class DeliveryPair:
    """Both ends; `is_lost` decides about each payload, given its sender."""

    def __init__(self, budget: MemoryBudget | None = None) -> None:
        self.clock = VirtualClock(0.0)
        self.left = DeliverySide(self.clock)
        self.right = DeliverySide(self.clock, budget)
        self.is_lost: Callable[[DeliverySide, bytes], bool] = lambda _sender, _payload: False

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.now + seconds
        self._flush()
        while (due := self._next_at()) is not None and due <= end:
            self.clock.advance_to(due)
            self._flush()
        self.clock.advance_to(end)

    def _next_at(self) -> float | None:
        ends = (self.left, self.right)
        times = [end.peer.next_timeout(now=self.clock.now) for end in ends]
        known = [time for time in (*times, self.clock.next_timeout()) if time is not None]
        return min(known, default=None)

    def _flush(self) -> None:
        for sender in (self.left, self.right):
            self._send(sender)

    def _send(self, sender: DeliverySide) -> None:
        sender.peer.handle_timeout(now=self.clock.now)
        for payload in sender.peer.payloads_to_send(now=self.clock.now):
            sender.sent.append(payload)
            if not self.is_lost(sender, payload):
                self._carry(self.right if sender is self.left else self.left, payload)

    def _carry(self, receiver: DeliverySide, payload: bytes) -> None:
        def arrive() -> None:
            receiver.receive(payload)
            self._send(receiver)  # an acknowledgement that is due does not wait for more

        self.clock.call_at(self.clock.now + LATENCY, arrive)
