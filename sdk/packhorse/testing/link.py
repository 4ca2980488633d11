"""One direction of a path: it loses, delays, reorders, doubles and queues datagrams."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Generic, TypeVar

from packhorse.testing.clock import VirtualClock

Address = TypeVar("Address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a link does to datagrams; fractions are of all datagrams, 0 to 1."""

    loss: float = 0.0
    """Fraction that never arrives."""
    latency: float = 0.0
    """Seconds, one way."""
    jitter: float = 0.0
    """Seconds at most on top of the latency; order is kept."""
    reorder: float = 0.0
    """Fraction that is held back, so that others overtake it."""
    hold: float = 0.3
    """Seconds at most for which a datagram is held back."""
    duplicate: float = 0.0
    """Fraction that arrives twice."""
    mtu: int = 65_535
    """Bytes; larger datagrams are lost."""
    rate: float | None = None
    """Bytes a second that pass; None: as many as come."""
    queue: int = 65_536
    """Bytes that wait before the bottleneck of `rate`; what finds it full is lost."""
    overhead: int = 28
    """Bytes that a datagram takes of `rate` and `queue` on top of its own: IPv4 and UDP."""


PERFECT: Final = Conditions()
CUT: Final = Conditions(loss=1.0)


@dataclass(slots=True)
class LinkCounters:
    """What became of the datagrams of one link."""

    sent: int = 0
    """Datagrams handed in."""
    arrived: int = 0
    """Datagrams handed out; those that were doubled count twice."""
    dropped: int = 0
    """Datagrams that found the queue full."""
    carried_bytes: int = 0
    """Bytes that passed the bottleneck, with their overhead."""
    longest_wait: float = 0.0
    """Seconds in the queue, of the datagram that waited longest."""
    total_wait: float = 0.0
    """Seconds in the queue, of all datagrams together."""

    @property
    def mean_wait(self) -> float:
        """Seconds that a datagram spent in the queue, on average."""
        return self.total_wait / max(1, self.sent - self.dropped)


class Link(Generic[Address]):
    """Carries datagrams one way; the same seed gives the same fate to each."""

    def __init__(
        self,
        clock: VirtualClock,
        deliver: Callable[[bytes, Address], None],
        conditions: Conditions = PERFECT,
        *,
        seed: str = "",
    ) -> None:
        self.conditions = conditions
        """May be changed; what is on its way keeps its fate."""
        self.counters = LinkCounters()
        """What has happened so far."""
        self._clock = clock
        self._deliver = deliver
        self._random = Random(seed)  # noqa: S311 - repeatable by design
        self._newest_arrival = 0.0
        self._free_at = 0.0  # when the bottleneck has passed on all that waits

    def send(self, data: bytes, address: Address) -> None:
        """Carry a datagram; `address` is handed to the receiver with it."""
        self.counters.sent += 1
        if len(data) > self.conditions.mtu:
            return
        leaves_at = self._pass_bottleneck(len(data) + self.conditions.overhead)
        if leaves_at is None:
            return
        is_doubled = self._happens(self.conditions.duplicate)
        for _ in range(2 if is_doubled else 1):
            if not self._happens(self.conditions.loss):
                self._clock.call_at(self._arrival(leaves_at), lambda: self._hand_out(data, address))

    def _hand_out(self, data: bytes, address: Address) -> None:
        self.counters.arrived += 1
        self._deliver(data, address)

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def _pass_bottleneck(self, size: int) -> float | None:
        """Return when a datagram has passed the bottleneck, or None when it is dropped."""
        now, rate, counters = self._clock.now, self.conditions.rate, self.counters
        if rate is None:
            counters.carried_bytes += size
            return now
        wait = max(0.0, self._free_at - now)
        if wait * rate > self.conditions.queue:
            counters.dropped += 1
            return None
        counters.carried_bytes += size
        counters.total_wait += wait
        counters.longest_wait = max(counters.longest_wait, wait)
        self._free_at = now + wait + size / rate
        return self._free_at

    def _arrival(self, leaves_at: float) -> float:
        conditions, random = self.conditions, self._random
        arrival = leaves_at + conditions.latency
        if conditions.jitter:
            arrival += random.random() * conditions.jitter
        if self._happens(conditions.reorder):
            return arrival + random.random() * conditions.hold
        self._newest_arrival = max(arrival, self._newest_arrival)
        return self._newest_arrival
