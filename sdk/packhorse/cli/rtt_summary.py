"""Round-trip times added up."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class RttSummary:
    """Round-trip times in seconds."""

    min: float
    median: float
    p99: float
    """99 of 100 pings took no longer."""
    max: float
    jitter: float
    """Mean difference between one ping and the next."""

    def rtt_ms(self) -> dict[str, float]:
        """Return all but the jitter, in milliseconds, for scripts."""
        return {name: ms(getattr(self, name)) for name in ("min", "median", "p99", "max")}


def summarize(rtts: Sequence[float]) -> RttSummary | None:
    """Add up round-trip times in seconds, in their order; None for none."""
    if not rtts:
        return None
    ordered = sorted(rtts)
    return RttSummary(
        min=ordered[0],
        median=statistics.median(ordered),
        p99=ordered[math.ceil(0.99 * len(ordered)) - 1],
        max=ordered[-1],
        jitter=statistics.fmean([abs(b - a) for a, b in pairwise(rtts)] or [0.0]),
    )


def ms(seconds: float) -> float:
    """Return seconds as milliseconds, to the microsecond."""
    return round(seconds * 1000, 3)
