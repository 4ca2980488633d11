"""Token buckets, single and per source, with a largest number of sources."""

import math
from collections import OrderedDict

from packhorse.wire.constants import MAX_SOURCES


class TokenBucket:
    """Allows `rate` events a second on average and `burst` at once.

    A burst below 1 would never allow anything: unless the rate is 0, it is taken as 1.
    """

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: float, *, now: float) -> None:
        self._rate = rate
        self._burst = max(1.0, burst) if rate else burst
        self._tokens = self._burst
        self._updated = now

    def take(self, *, now: float) -> bool:
        """Take one token; False when there is none."""
        self._refill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait(self, *, now: float) -> float:
        """Return the seconds until a token is there; infinite at a rate of 0."""
        self._refill(now)
        missing = max(0.0, 1 - self._tokens)
        return missing / self._rate if self._rate else math.inf

    def is_full(self, *, now: float) -> bool:
        """Tell whether it holds all its tokens, like a new one."""
        self._refill(now)
        return self._tokens >= self._burst

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._updated)
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._updated = max(self._updated, now)


class SourceBuckets:
    """One token bucket per source; when there are too many, the one unused longest gives way.

    A bucket that is full again is forgotten, so that a flood from ever new sources
    leaves no more behind than its last moments.
    """

    def __init__(self, rate: float, burst: float, max_sources: int = MAX_SOURCES) -> None:
        self._rate = rate
        self._burst = burst
        self._max_sources = max_sources
        self._buckets: OrderedDict[bytes, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: bytes, *, now: float) -> bool:
        """Take one token of `source`; False when it has none."""
        return self._bucket(source, now).take(now=now)

    def wait(self, source: bytes, *, now: float) -> float:
        """Return the seconds until `source` has a token."""
        return self._bucket(source, now).wait(now=now)

    def _bucket(self, source: bytes, now: float) -> TokenBucket:
        bucket = self._buckets.get(source)
        if bucket is None:
            self._make_place(now)
            bucket = self._buckets[source] = TokenBucket(self._rate, self._burst, now=now)
        self._buckets.move_to_end(source)
        return bucket

    def _make_place(self, now: float) -> None:
        while self._buckets:
            oldest = next(iter(self._buckets.values()))
            if len(self._buckets) < self._max_sources and not oldest.is_full(now=now):
                return
            self._buckets.popitem(last=False)
