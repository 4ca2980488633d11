"""How fast the path delivers: samples from acknowledgements, and their windowed maximum.

Source: the delivery-rate estimation of draft-ietf-ccwg-bbr (sections on rate samples).
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

_STRETCH: Final = 1.25


@dataclass(slots=True, eq=False)
class DeliverySnapshot:
    """What was known when a datagram was sent; it makes the sample when it is acknowledged."""

    delivered: int
    """Bytes acknowledged so far."""
    delivered_at: float
    first_sent_at: float
    is_app_limited: bool


class Train(NamedTuple):
    """Datagrams that followed each other, as they were acknowledged."""

    rate: float
    """Bytes a second."""
    is_stretched: bool
    """They arrived more slowly than they were sent: that is all that the path delivers."""


class DeliveryRate:
    """Counts what is delivered and turns each acknowledgement into a sample."""

    __slots__ = (
        "_app_limited_until",
        "_first_sent_at",
        "_train_began",
        "delivered",
        "delivered_at",
    )

    def __init__(self, *, now: float) -> None:
        self.delivered = 0
        self.delivered_at = now
        self._first_sent_at = now
        self._app_limited_until = 0
        self._train_began: tuple[int, float, float] | None = None

    def snapshot(self, in_flight: int, *, now: float) -> DeliverySnapshot:
        """Return what a datagram that is sent now has to remember."""
        if in_flight == 0:
            self._first_sent_at = self.delivered_at = now
        is_limited = self._app_limited_until > self.delivered
        return DeliverySnapshot(self.delivered, self.delivered_at, self._first_sent_at, is_limited)

    def note_app_limited(self, in_flight: int) -> None:
        """Note that there was nothing to send: samples of this time say too little."""
        self._app_limited_until = self.delivered + max(in_flight, 1)

    def acknowledge(self, size: int, *, now: float) -> None:
        """Count acknowledged bytes."""
        self.delivered += size
        self.delivered_at = now

    def sample(self, sent: DeliverySnapshot, sent_at: float, *, now: float) -> float:
        """Return bytes a second since the newest acknowledged datagram was sent."""
        sending = sent_at - sent.first_sent_at
        acknowledging = now - sent.delivered_at
        self._first_sent_at = sent_at
        return (self.delivered - sent.delivered) / max(sending, acknowledging, 1e-6)

    def train(self, size: float, *, spread: float = 0.0, now: float) -> Train | None:
        """Return the newest datagrams as a train, once they are `size` bytes.

        Args:
            size: Of a train, bytes.
            spread: Seconds by which round trips differ anyhow.
            now: Clock seconds.
        """
        newest = self.delivered, self._first_sent_at, now
        delivered, sent_at, acked_at = self._train_began or newest
        if self._train_began is None or self.delivered - delivered >= size:
            self._train_began = newest
        if self.delivered - delivered < size:
            return None
        sending, arriving = self._first_sent_at - sent_at, now - acked_at
        rate = (self.delivered - delivered) / max(sending, arriving, 1e-6)
        return Train(rate, is_stretched=arriving > _STRETCH * sending + spread)


class WindowedMax:
    """The largest of the values of the newest `length` rounds."""

    __slots__ = ("_entries", "_length")

    def __init__(self, length: int) -> None:
        self._length = length
        self._entries: deque[tuple[int, float]] = deque()  # rounds ascending, values descending

    @property
    def value(self) -> float:
        """The maximum; 0 when there is none."""
        return self._entries[0][1] if self._entries else 0.0

    def add(self, value: float, at_round: int) -> None:
        """Take in a value and forget those of old rounds."""
        entries = self._entries
        while entries and entries[-1][1] <= value:
            entries.pop()
        entries.append((at_round, value))
        while entries[0][0] <= at_round - self._length:
            entries.popleft()
