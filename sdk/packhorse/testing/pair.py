"""Two ends of the delivery layer, joined by two links in virtual time."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.testing.clock import VirtualClock
from packhorse.testing.link import PERFECT, Conditions, Link
from packhorse.wire.constants import REASSEMBLY_TOTAL, DropReason, Mode
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import RELIABLE_MODES

if TYPE_CHECKING:
    from packhorse.core.delivery.delivered import Delivered

_MAX_PAYLOAD: Final = 1194  # bytes; the default limit of a path
_HEADER: Final = bytes(6)  # before each payload, as on the wire
_MAX_STEPS: Final = 100_000  # without the clock going on; more is a loop that never ends


class End:
    """One of the two: its delivery layer, and what has come out of it."""

    def __init__(self, clock: VirtualClock, max_payload: int = _MAX_PAYLOAD) -> None:
        self.budget = MemoryBudget(REASSEMBLY_TOTAL)
        """Memory for unfinished messages."""
        self.delivery = PeerDelivery(max_payload, self.budget, now=clock.now)
        """The delivery layer towards the other end."""
        self.messages: list[Delivered] = []
        """All messages so far, unless `on_message` is set."""
        self.drops: Counter[DropReason] = Counter()
        """Datagrams that were not acted upon, by reason."""
        self.on_message: Callable[[Delivered], None] = self.messages.append
        """Called with each message."""
        self.is_reading = True
        """False: the application takes no messages, so that the sender has to wait."""
        self._clock = clock
        self._wakes_at: float | None = None
        self._unread: list[Delivered] = []
        self._send: Callable[[bytes], None] = lambda _: None

    def connect(self, send: Callable[[bytes], None]) -> None:
        """Say where datagrams go."""
        self._send = send

    def push(self, data: bytes, mode: Mode = Mode.RELIABLE, channel: int = 0) -> None:
        """Send a message to the other end."""
        self.delivery.push(data, mode, channel)
        self.wake()

    def receive(self, datagram: bytes, _address: None = None) -> None:
        """Take in a datagram."""
        try:
            delivered = self.delivery.receive(datagram[len(_HEADER) :], now=self._clock.now)
        except ParseError as error:
            self.drops[DropReason(error.reason)] += 1
            delivered = []
        self._unread += delivered
        self.read()

    def read(self) -> None:
        """Let the application take what has arrived, if it is reading."""
        if self.is_reading and self._unread:
            messages, self._unread = self._unread, []
            for message in messages:
                if message.mode in RELIABLE_MODES:
                    self.delivery.consume(len(message.data))
                self.on_message(message)
        self.wake()

    def wake(self) -> None:
        """Do what is due now, send what may go out, and wake again when more is due."""
        now = self._clock.now
        self.delivery.handle_timeout(now=now)
        for payload in self.delivery.payloads_to_send(now=now):
            self._send(_HEADER + payload)
        wakes_at = self.delivery.next_timeout(now=now)
        if wakes_at is not None and (self._wakes_at is None or wakes_at < self._wakes_at):
            self._wakes_at = wakes_at
            self._clock.call_at(wakes_at, self._on_timer)

    def _on_timer(self) -> None:
        if self._wakes_at is not None and self._wakes_at <= self._clock.now:
            self._wakes_at = None
            self.wake()


class Pair:
    """Two ends, `left` and `right`, and the links between them."""

    def __init__(
        self,
        conditions: Conditions = PERFECT,
        back: Conditions | None = None,
        *,
        seed: str = "",
        max_payload: int = _MAX_PAYLOAD,
    ) -> None:
        """Join two ends.

        Args:
            conditions: Of the way from left to right.
            back: Of the way from right to left; None: the same.
            seed: Decides the fate of every datagram.
            max_payload: Bytes of a payload at most, 100..1394.
        """
        self.clock = VirtualClock()
        """The time of both ends and of the links."""
        self.left = End(self.clock, max_payload)
        self.right = End(self.clock, max_payload)
        self.there: Link[None] = Link(
            self.clock, self.right.receive, conditions, seed=f"{seed} there"
        )
        """From left to right."""
        self.back: Link[None] = Link(
            self.clock, self.left.receive, back or conditions, seed=f"{seed} back"
        )
        """From right to left."""
        self.left.connect(lambda datagram: self.there.send(datagram, None))
        self.right.connect(lambda datagram: self.back.send(datagram, None))

    @property
    def is_idle(self) -> bool:
        """Tell whether both ends know that everything reliable has arrived."""
        return self.left.delivery.is_idle and self.right.delivery.is_idle

    def run_until(self, is_done: Callable[[], bool], *, deadline: float) -> float:
        """Let time pass until `is_done()`; return the seconds that it took.

        Args:
            is_done: Asked after each event.
            deadline: Seconds from now.

        Raises:
            TimeoutError: It is not done by the deadline, or the ends are caught in a loop.
        """
        start, steps = self.clock.now, 0
        while not is_done():
            before = self.clock.now
            due = self.clock.next_timeout()
            if due is None or due > start + deadline:
                raise TimeoutError(f"not done after {deadline} s of virtual time")
            self.clock.step()
            steps = steps + 1 if self.clock.now == before else 0
            if steps > _MAX_STEPS:
                raise TimeoutError(f"the clock stands still at {before} s")
        return self.clock.now - start

    def run_for(self, duration: float) -> None:
        """Let `duration` seconds pass."""
        self.clock.advance_to(self.clock.now + duration)
