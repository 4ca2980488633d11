"""How much data a member may send through the relay, and what happens above that."""

import math
from enum import Enum, auto
from typing import Final, NamedTuple

from packhorse.wire.constants import DATA_EXCESS_FACTOR, DATA_EXCESS_TIME, LIMITED_INTERVAL

_BURST: Final = 0.5  # seconds' worth that a refill adds at most
_WINDOW: Final = 1.0  # seconds over which an excess is measured


class DataRate(NamedTuple):
    """What a member may send, every copy of a fan-out counted."""

    octets: float
    """Bytes a second, headers included."""
    datagrams: float
    """Datagrams a second."""


UNLIMITED: Final = DataRate(1e15, 1e15)
NOTHING: Final = DataRate(0.0, 0.0)


class Verdict(Enum):
    """What to do about a datagram over the limit, besides dropping it."""

    NOTHING = auto()
    TELL = auto()
    """Tell the member that it is limited."""
    END = auto()
    """End the session: it has been far over the limit for too long."""


class DataBudget:
    """Two token buckets, filled only when one is empty.

    While both `octets` and `datagrams` are above 0, a data plane may forward and take from
    them by itself; other datagrams come here. So most cost two subtractions and no look at
    the clock. A datagram may take more than is left, which the next ones wait for: a
    fan-out is never too large. At most a second's worth leaves at once: what was left, and
    one filling. SPEC.md section 10.3.
    """

    __slots__ = (
        "_excess",
        "_excess_since",
        "_filled_at",
        "_told_at",
        "_window_since",
        "datagrams",
        "dropped",
        "given_datagrams",
        "given_octets",
        "octets",
        "rate",
    )

    def __init__(self, rate: DataRate = UNLIMITED, *, now: float = 0.0) -> None:
        self.rate = rate
        self.octets = rate.octets * _BURST
        """Bytes that are left; 0 or below when there are none."""
        self.datagrams = rate.datagrams * _BURST
        """Datagrams that are left."""
        self.dropped = 0
        """Datagrams that were dropped since the member was told."""
        self.given_octets = self.octets
        """Bytes that were ever filled in; those above `octets` are spent."""
        self.given_datagrams = self.datagrams
        """Datagrams likewise; so that a data plane counts nothing for it."""
        self._filled_at = now
        self._told_at = -math.inf
        self._window_since = now
        self._excess = NOTHING
        self._excess_since = now

    def take(self, size: int, copies: int, *, now: float) -> bool:
        """Take what `copies` datagrams of `size` bytes cost; False when nothing is left."""
        if self.octets <= 0 or self.datagrams <= 0:
            self._fill(now)
        if self.octets <= 0 or self.datagrams <= 0:
            return False
        self.octets -= size * copies
        self.datagrams -= copies
        return True

    def refuse(self, size: int, copies: int, *, now: float) -> Verdict:
        """Note that a datagram was dropped, and tell what else it leads to."""
        self.dropped += 1
        self._measure(size * copies, copies, now)
        if now - self._excess_since >= DATA_EXCESS_TIME:
            return Verdict.END
        if now - self._told_at < LIMITED_INTERVAL:
            return Verdict.NOTHING
        self._told_at = now
        return Verdict.TELL

    def lend(self) -> DataRate:
        """Take out all that is left, for somebody else to spend; returns how much."""
        lent = DataRate(self.octets, self.datagrams)
        self.octets = self.datagrams = 0.0
        self.given_octets -= lent.octets
        self.given_datagrams -= lent.datagrams
        return lent

    def give_back(self, left: DataRate, spent: DataRate) -> None:
        """Put back what is left of what was lent, and note what was spent of it.

        Args:
            left: May be below 0, when the last datagram took more than was left.
            spent: What was spent since it was noted last.
        """
        self.octets += left.octets
        self.datagrams += left.datagrams
        self.given_octets += left.octets + spent.octets
        self.given_datagrams += left.datagrams + spent.datagrams

    def change_rate(self, rate: DataRate, *, now: float) -> None:
        """Go by another rate from now on; what is left stays, up to half a second's worth."""
        self._fill(now)
        self.rate = rate
        self._fill(now)

    def _fill(self, now: float) -> None:
        elapsed = max(0.0, now - self._filled_at)
        octets, datagrams = self.rate
        spent_octets = self.given_octets - self.octets
        spent_datagrams = self.given_datagrams - self.datagrams
        self.octets = min(octets * _BURST, self.octets + elapsed * octets)
        self.datagrams = min(datagrams * _BURST, self.datagrams + elapsed * datagrams)
        self.given_octets = spent_octets + self.octets
        self.given_datagrams = spent_datagrams + self.datagrams
        self._filled_at = max(self._filled_at, now)

    def _measure(self, octets: int, copies: int, now: float) -> None:
        """Add to the excess of this window; a window that is far over goes on with the last."""
        elapsed = now - self._window_since
        if elapsed >= _WINDOW:
            self._end_window(elapsed, now)
        self._excess = DataRate(self._excess.octets + octets, self._excess.datagrams + copies)

    def _end_window(self, elapsed: float, now: float) -> None:
        # What was not dropped is about once the limit.
        most = (DATA_EXCESS_FACTOR - 1) * elapsed
        is_far_over = (
            self._excess.octets >= self.rate.octets * most
            or self._excess.datagrams >= self.rate.datagrams * most
        )
        if not is_far_over:
            self._excess_since = now
        self._window_since = now
        self._excess = NOTHING
