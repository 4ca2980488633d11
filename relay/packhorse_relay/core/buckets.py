"""Token buckets, single and per source, with a largest number of sources."""

from collections import OrderedDict

from packhorse.wire.constants import MAX_SOURCES


class TokenBucket:
    """Allows `rate` events a second on average and `burst` at once."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: float, *, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._updated = now

    def take(self, *, now: float) -> bool:
        """Take one token; False when there is none."""
        self._refill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait(self, *, now: float) -> float:
        """Return the seconds until a token is there."""
        self._refill(now)
        return max(0.0, (1 - self._tokens) / self._rate)

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._updated)
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._updated = max(self._updated, now)


class SourceBuckets:
    """One token bucket per source; when full, the source unused longest gives way."""

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
            if len(self._buckets) >= self._max_sources:
                self._buckets.popitem(last=False)
            bucket = self._buckets[source] = TokenBucket(self._rate, self._burst, now=now)
        self._buckets.move_to_end(source)
        return bucket
