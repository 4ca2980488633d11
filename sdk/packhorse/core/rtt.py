"""Round-trip time, smoothed as in RFC 6298."""

from typing import Final

_ALPHA: Final = 1 / 8  # RFC 6298 section 2.3
_BETA: Final = 1 / 4  # RFC 6298 section 2.3


class RttEstimator:
    """Smoothed RTT and its variation, in seconds."""

    __slots__ = ("latest", "smoothed", "variation")

    def __init__(self) -> None:
        self.latest: float | None = None
        """Newest sample."""
        self.smoothed: float | None = None
        """SRTT."""
        self.variation = 0.0
        """RTTVAR, used as jitter."""

    def forget(self) -> None:
        """Begin anew."""
        self.latest = self.smoothed = None
        self.variation = 0.0

    def add(self, sample: float) -> None:
        """Take in a sample in seconds, 0 or more."""
        self.latest = sample
        if self.smoothed is None:
            self.smoothed, self.variation = sample, sample / 2
            return
        self.variation += _BETA * (abs(self.smoothed - sample) - self.variation)
        self.smoothed += _ALPHA * (sample - self.smoothed)
