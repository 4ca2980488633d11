"""Token buckets, single and per source, with a largest number of sources."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, NamedTuple

from packhorse.wire.constants import IPV6_48_FACTOR, IPV6_56_FACTOR, MAX_SOURCES

MINUTE: Final = 60.0  # seconds
_IPV4_SIZE: Final = 4  # bytes


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

    def level(self, *, now: float) -> float:
        """Return how full it is, 0..1."""
        self._refill(now)
        return self._tokens / self._burst if self._burst else 0.0

    def is_full(self, *, now: float) -> bool:
        """Tell whether it holds all its tokens, like a new one."""
        self._refill(now)
        return self._tokens >= self._burst

    def change_rate(self, rate: float, burst: float, *, now: float) -> None:
        """Go by another rate from now on; what is there stays, up to the new burst."""
        self._refill(now)
        self._rate = rate
        self._burst = max(1.0, burst) if rate else burst
        self._tokens = min(self._tokens, self._burst)

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._updated)
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._updated = max(self._updated, now)


class Scope(NamedTuple):
    """A range of addresses that a limit counts as one."""

    key: bytes
    """IPv4 address or IPv6 prefix: 4, 8, 7 or 6 bytes."""
    factor: int
    """How many times what one source may is allowed to it."""


def scopes_of(source: bytes) -> tuple[Scope, ...]:
    """Return the ranges that `source` belongs to, the widest first.

    Providers give a customer an IPv6 /64, a /56 or a /48. With /64 alone, whoever has a
    /48 would have 65,536 times the share of others; without it, neighbours would share one.

    Source: protocol_spec/SPEC.md section 10.2.
    """
    if len(source) == _IPV4_SIZE:
        return (Scope(source, 1),)
    return (Scope(source[:6], IPV6_48_FACTOR), Scope(source[:7], IPV6_56_FACTOR), Scope(source, 1))


class Buckets:
    """One token bucket per key; when there are too many, the one unused longest gives way.

    A bucket that is full again is forgotten, so that a flood from ever new sources
    leaves no more behind than its last moments.
    """

    def __init__(self, rate: float, burst: float, max_sources: int) -> None:
        self._rate = rate
        self._burst = burst
        self._max_sources = max_sources
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def bucket(self, key: Hashable, now: float) -> TokenBucket:
        """Return the bucket of a key, a new one if it is not remembered."""
        bucket = self._buckets.get(key)
        if bucket is None:
            self._make_place(now)
            bucket = self._buckets[key] = TokenBucket(self._rate, self._burst, now=now)
        self._buckets.move_to_end(key)
        return bucket

    def take(self, key: Hashable, *, now: float) -> bool:
        """Take one token of a key; False when it has none."""
        return self.bucket(key, now).take(now=now)

    def has_used(self, key: Hashable, now: float) -> bool:
        """Tell whether `key` has taken tokens that are not back yet."""
        bucket = self._buckets.get(key)
        return bucket is not None and not bucket.is_full(now=now)

    def change_rate(self, rate: float, burst: float) -> None:
        """Go by another rate; if it is another one indeed, all keys start afresh."""
        if (rate, burst) != (self._rate, self._burst):
            self._rate, self._burst = rate, burst
            self._buckets.clear()

    def level(self, key: Hashable, now: float) -> float:
        """Return how full the bucket of a key is, 0..1; one that is not remembered is full."""
        bucket = self._buckets.get(key)
        return 1.0 if bucket is None else bucket.level(now=now)

    def _make_place(self, now: float) -> None:
        while self._buckets:
            oldest = next(iter(self._buckets.values()))
            if len(self._buckets) < self._max_sources and not oldest.is_full(now=now):
                return
            self._buckets.popitem(last=False)


class SourceBuckets:
    """Token buckets per source, and for IPv6 per /56 and /48, a table for each width."""

    def __init__(self, rate: float, burst: float, max_sources: int = MAX_SOURCES) -> None:
        self._tables = {
            factor: Buckets(rate * factor, burst * factor, max_sources)
            for factor in (1, IPV6_56_FACTOR, IPV6_48_FACTOR)
        }

    def __len__(self) -> int:
        return len(self._tables[1])

    def take(self, source: bytes, *, now: float) -> bool:
        """Take one token of `source`; False when it, or a range that it is in, has none."""
        buckets = []
        for key, factor in scopes_of(source):
            buckets.append(self._tables[factor].bucket(key, now))
            if buckets[-1].wait(now=now):  # none of the narrower ones is made in vain
                return False
        for bucket in buckets:
            bucket.take(now=now)
        return True

    def change_rate(self, rate: float, burst: float) -> None:
        """Go by another rate; if it is another one indeed, all sources start afresh."""
        for factor, table in self._tables.items():
            table.change_rate(rate * factor, burst * factor)

    def level(self, source: bytes, *, now: float) -> float:
        """Return how full the emptiest bucket that `source` takes from is, 0..1."""
        return min(self._tables[factor].level(key, now) for key, factor in scopes_of(source))

    def wait(self, source: bytes, *, now: float) -> float:
        """Return the seconds until `source` has a token."""
        scopes = scopes_of(source)
        return max(self._tables[factor].bucket(key, now).wait(now=now) for key, factor in scopes)
