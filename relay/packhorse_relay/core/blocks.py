"""Sources that failed to join too often are blocked for a while, longer each time."""

from collections import OrderedDict
from dataclasses import dataclass

from packhorse.wire.constants import IPV6_48_FACTOR, IPV6_56_FACTOR, MAX_SOURCES
from packhorse_relay.core.buckets import MINUTE, Buckets, scopes_of


@dataclass(slots=True)
class _Block:
    until: float
    length: float


class JoinFailures:
    """Counts denied JOINs per source and blocks the source that has too many.

    For IPv6 also per /56 and /48: when a range has too many, all of it is blocked.
    """

    def __init__(
        self, per_minute: float, first: float, longest: float, max_sources: int = MAX_SOURCES
    ) -> None:
        self._buckets = {
            factor: Buckets(per_minute * factor / MINUTE, per_minute * factor, max_sources)
            for factor in (1, IPV6_56_FACTOR, IPV6_48_FACTOR)
        }
        self._first = first
        self._longest = longest
        self._max_sources = max_sources
        self._blocks: OrderedDict[bytes, _Block] = OrderedDict()

    def __len__(self) -> int:
        return len(self._blocks)

    def change_rate(self, per_minute: float, first: float, longest: float) -> None:
        """Go by other figures from now on; whoever is blocked stays so."""
        for factor, table in self._buckets.items():
            table.change_rate(per_minute * factor / MINUTE, per_minute * factor)
        self._first = first
        self._longest = longest

    def blocked_for(self, source: bytes, *, now: float) -> float:
        """Return the seconds for which `source` stays blocked; 0 when it is not."""
        blocks = (self._blocks.get(scope.key) for scope in scopes_of(source))
        return max([0.0, *(block.until - now for block in blocks if block)])

    def is_suspicious(self, source: bytes, *, now: float) -> bool:
        """Tell whether a JOIN of `source`, or of its range, was denied within about a minute.

        Remembers nothing about a source that was never denied.
        """
        return any(self._buckets[factor].has_used(key, now) for key, factor in scopes_of(source))

    def add(self, source: bytes, *, now: float) -> None:
        """Count a denied JOIN; one too many starts the next block."""
        for key, factor in scopes_of(source):
            if not self._buckets[factor].bucket(key, now).take(now=now):
                self._block(key, now)

    def _block(self, source: bytes, now: float) -> None:
        previous = self._blocks.pop(source, None)
        length = self._first
        # A source that kept quiet for the longest block starts over.
        if previous is not None and now - previous.until <= self._longest:
            length = min(previous.length * 2, self._longest)
        if len(self._blocks) >= self._max_sources:
            self._blocks.popitem(last=False)
        self._blocks[source] = _Block(now + length, length)
