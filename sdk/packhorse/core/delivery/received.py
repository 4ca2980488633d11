"""Which datagrams of a peer have arrived, and when to say so."""

from collections import deque
from typing import Final, NamedTuple

from packhorse.core.delivery.serial import expand
from packhorse.wire.constants import ACK_DELAY, ACK_EVERY, ACK_REACH, MAX_ACK_BITMAP
from packhorse.wire.frames import Ack

_WINDOW_BITS: Final = 8 * MAX_ACK_BITMAP
_WINDOW_MASK: Final = (1 << _WINDOW_BITS) - 1
_MAX_OVERDUE: Final = 16  # acknowledgements; the oldest gives way


class _Told(NamedTuple):
    """An acknowledgement whose delay is not known yet."""

    largest: int
    largest_at: float
    bitmap: int


class ReceivedNumbers:
    """Drops duplicates and makes acknowledgements."""

    __slots__ = (
        "_ack_at",
        "_bits",
        "_first",
        "_largest",
        "_largest_at",
        "_oldest_untold",
        "_overdue",
        "_unacked",
        "expected",
        "missed",
    )

    def __init__(self, first: int = 0) -> None:
        """Start; `first` is the reference of the first number (SPEC.md section 16.3)."""
        self._first = first
        self._largest = -1
        self._bits = 0  # bit i: number largest - i arrived
        self._largest_at = 0.0
        self._unacked = 0  # that asked
        self._oldest_untold: int | None = None  # arrived since the last acknowledgement
        self._ack_at: float | None = None
        self._overdue: deque[_Told] = deque(maxlen=_MAX_OVERDUE)
        self.missed = 0
        """Numbers that fell out of the window without having arrived."""
        self.expected = 0
        """Numbers that fell out of the window."""

    @property
    def ack_at(self) -> float | None:
        """When an acknowledgement must go out, or None; take them until it is None or later."""
        return self._overdue[0].largest_at if self._overdue else self._ack_at

    @property
    def newest(self) -> int:
        """The largest number that has arrived; -1 before the first."""
        return self._largest

    def is_new(self, short: int) -> bool:
        """Tell whether a number has not arrived before and is not too old to tell."""
        number = self._expand(short)
        age = self._largest - number
        if number < 0:
            return False
        return age < 0 or (age < _WINDOW_BITS and not self._bits >> age & 1)

    def accept(self, short: int, *, asks_ack: bool, now: float) -> None:
        """Take in a new number."""
        number = self._expand(short)
        step = number - self._largest
        if step > 0:
            self._tell_before_it_falls(number)
            self._advance(step)
            self._largest, self._largest_at = number, now
        else:
            self._bits |= 1 << -step
        if self._oldest_untold is None or number < self._oldest_untold:
            self._oldest_untold = number
        if asks_ack:
            self._schedule(now, is_in_order=step == 1)

    def demand_ack(self, *, now: float) -> None:
        """Acknowledge at once: PING measures, and a duplicate shows that the last one was lost."""
        if self._largest >= 0:
            self._ack_at = now

    def take_ack(self, *, now: float) -> Ack | None:
        """Return the next acknowledgement; it counts as sent."""
        if self._largest < 0:
            return None
        told = self._overdue.popleft() if self._overdue else self._tell()
        return Ack(told.largest & 0xFFFF, now - told.largest_at, told.bitmap)

    def _tell(self) -> _Told:
        oldest = self._largest if self._oldest_untold is None else self._oldest_untold
        bits = min(_WINDOW_BITS, max(ACK_REACH, self._largest - oldest))
        self._oldest_untold = None
        self._ack_at = None
        self._unacked = 0
        bitmap = (self._bits >> 1) & ((1 << bits) - 1)
        return _Told(self._largest, self._largest_at, bitmap)

    def _tell_before_it_falls(self, number: int) -> None:
        """Make an acknowledgement that is due while it still reaches all it has to tell of."""
        oldest = self._oldest_untold
        if self._ack_at is None or oldest is None or number - oldest < _WINDOW_BITS:
            return
        self._overdue.append(self._tell())

    def _expand(self, short: int) -> int:
        return expand(short, self._first if self._largest < 0 else self._largest)

    def _advance(self, step: int) -> None:
        fallen = self._bits >> max(0, _WINDOW_BITS - step)
        known = max(0, self._largest + step + 1 - _WINDOW_BITS)
        self.missed += known - self.expected - fallen.bit_count()
        self.expected = known
        self._bits = (self._bits << step | 1) & _WINDOW_MASK if step < _WINDOW_BITS else 1

    def _schedule(self, now: float, *, is_in_order: bool) -> None:
        self._unacked += 1
        is_urgent = not is_in_order or self._unacked >= ACK_EVERY
        deadline = now if is_urgent else now + ACK_DELAY
        if self._ack_at is None or deadline < self._ack_at:
            self._ack_at = deadline
