"""When silence means loss: probe timeout, retransmission timeout, back-off."""

from typing import Final

from packhorse.core.rtt import RttEstimator
from packhorse.wire.constants import ACK_DELAY, RTO_INITIAL, RTO_MAX, RTO_MIN

GRANULARITY: Final = 0.001  # seconds; RFC 9002 section 6.1.2
_MAX_DOUBLINGS = 16  # far beyond RTO_MAX; a peer may be lost for hours


class RetransmissionTimer:
    """The first expiry asks for a probe of the tail, each further one for everything again."""

    __slots__ = ("_expiries", "_rtt", "_started_at")

    def __init__(self, rtt: RttEstimator) -> None:
        self._rtt = rtt
        self._expiries = 0
        self._started_at: float | None = None

    @property
    def deadline(self) -> float | None:
        """When the timer expires, or None when it does not run."""
        if self._started_at is None:
            return None
        return self._started_at + min(self._timeout() * (1 << self._expiries), RTO_MAX)

    def restart(self, *, now: float) -> None:
        """Run from now: something that wants an answer was sent."""
        self._started_at = now

    def answer(self, *, is_all_answered: bool, now: float) -> None:
        """Forget the back-off: an acknowledgement came."""
        self._expiries = 0
        self._started_at = None if is_all_answered else now

    def expire(self, *, now: float) -> bool:
        """Note an expiry; False for the first (probe), True for a further one (all is lost)."""
        self._expiries = min(self._expiries + 1, _MAX_DOUBLINGS)
        self._started_at = now
        return self._expiries > 1

    def _timeout(self) -> float:
        if self._rtt.smoothed is None:
            return RTO_INITIAL
        variation = max(4 * self._rtt.variation, GRANULARITY)
        return min(max(self._rtt.smoothed + variation + ACK_DELAY, RTO_MIN), RTO_MAX)
