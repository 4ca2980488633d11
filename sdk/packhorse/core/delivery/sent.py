"""Datagrams under way: which were acknowledged, which count as lost."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from packhorse.core.delivery.bandwidth import DeliverySnapshot
from packhorse.core.delivery.pieces import Piece
from packhorse.core.delivery.serial import expand
from packhorse.core.delivery.timeout import GRANULARITY
from packhorse.wire.constants import REORDER_THRESHOLD
from packhorse.wire.frames import Ack

_TIME_THRESHOLD: Final = 9 / 8  # of the RTT; RFC 9002 section 6.1.2
_MAX_TIME_THRESHOLD: Final = 2.0  # of the RTT, when much is reordered
_MAX_REORDER_THRESHOLD: Final = 256  # datagrams
_TIMED: Final = 2048  # datagrams whose time of sending is known
_REMEMBERED: Final = 1024  # datagrams declared lost that may yet prove to have arrived


@dataclass(slots=True, eq=False)
class SentDatagram:
    """A datagram with something that must arrive."""

    number: int
    sent_at: float
    size: int
    pieces: list[Piece]
    snapshot: DeliverySnapshot


class SentDatagrams:
    """Finds losses by later acknowledgements and by time (RACK), and learns from mistakes."""

    def __init__(self) -> None:
        self._in_flight: dict[int, SentDatagram] = {}  # ascending by number
        # By number, with the largest number that was acknowledged at that time.
        self._declared_lost: dict[int, tuple[SentDatagram, int]] = {}
        self._late: list[Piece] = []
        self._times: deque[tuple[int, float]] = deque(maxlen=_TIMED)
        self._largest_acked = -1
        self._reorder_threshold = REORDER_THRESHOLD
        self._time_threshold = _TIME_THRESHOLD
        self.bytes_in_flight = 0
        self.loss_at: float | None = None
        """When the next datagram counts as lost by time, or None."""

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def largest_acked(self) -> int:
        """The largest number that was acknowledged; -1 before the first."""
        return self._largest_acked

    @property
    def newest(self) -> SentDatagram | None:
        """The newest datagram under way."""
        return next(reversed(self._in_flight.values()), None)

    def note_time(self, number: int, *, now: float) -> None:
        """Remember when a datagram was sent, whether or not it asks for an acknowledgement."""
        self._times.append((number, now))

    def sent_at(self, short: int, next_number: int) -> float | None:
        """Return when the datagram with a number was sent, or None when that was long ago."""
        if not self._times:
            return None
        index = expand(short, next_number) - self._times[0][0]
        return self._times[index][1] if 0 <= index < len(self._times) else None

    def add(self, datagram: SentDatagram) -> None:
        """Note a datagram that was sent."""
        self._in_flight[datagram.number] = datagram
        self.bytes_in_flight += datagram.size

    def acknowledge(self, ack: Ack, next_number: int) -> list[SentDatagram] | None:
        """Return what is newly acknowledged, ascending; None when the ack cannot be true."""
        largest = expand(ack.largest, next_number)
        if largest >= next_number:
            return None
        self._largest_acked = max(self._largest_acked, largest)
        acked = []
        bits = ack.bitmap << 1 | 1
        while bits:
            age = (bits & -bits).bit_length() - 1
            bits &= bits - 1
            datagram = self._take(largest - age)
            if datagram is not None:
                acked.append(datagram)
        acked.reverse()
        return acked

    def take_late(self) -> list[Piece]:
        """Return the pieces of datagrams that were acknowledged after they counted as lost."""
        late, self._late = self._late, []
        return late

    def detect_losses(self, rtt: float, *, now: float) -> list[SentDatagram]:
        """Remove and return the datagrams that count as lost by now."""
        self.loss_at = None
        patience = max(self._time_threshold * rtt, GRANULARITY)
        lost = []
        for number, datagram in self._in_flight.items():
            if number > self._largest_acked:
                break
            overtaken = self._largest_acked - number
            if overtaken >= self._reorder_threshold or datagram.sent_at + patience <= now:
                lost.append(datagram)
            elif self.loss_at is None:
                self.loss_at = datagram.sent_at + patience
        for datagram in lost:
            self._declare_lost(datagram)
        return lost

    def give_up_all(self) -> list[SentDatagram]:
        """Remove and return everything under way: the retransmission timeout has come."""
        lost = list(self._in_flight.values())
        for datagram in lost:
            self._declare_lost(datagram)
        self.loss_at = None
        return lost

    def _take(self, number: int) -> SentDatagram | None:
        datagram = self._in_flight.pop(number, None)
        if datagram is not None:
            self.bytes_in_flight -= datagram.size
        elif number in self._declared_lost:
            self._learn(*self._declared_lost.pop(number))
        return datagram

    def _learn(self, datagram: SentDatagram, largest_acked: int) -> None:
        """Wait longer from now on: what was declared lost was only late."""
        self._late += datagram.pieces
        overtaken = largest_acked - datagram.number
        self._time_threshold = min(self._time_threshold * 1.25, _MAX_TIME_THRESHOLD)
        threshold = max(self._reorder_threshold, overtaken + 1)
        self._reorder_threshold = min(threshold, _MAX_REORDER_THRESHOLD)

    def _declare_lost(self, datagram: SentDatagram) -> None:
        del self._in_flight[datagram.number]
        self.bytes_in_flight -= datagram.size
        self._declared_lost[datagram.number] = datagram, self._largest_acked
        if len(self._declared_lost) > _REMEMBERED:
            del self._declared_lost[next(iter(self._declared_lost))]
