"""One direction of a path through a network that loses, delays, reorders and doubles."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from packhorse.wire.address import TransportAddress
from tests.support.clock import VirtualClock

_HELD_BACK: Final = 0.3  # seconds at most, for a datagram that others shall overtake


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a link does to datagrams; fractions are of all datagrams, 0 to 1."""

    loss: float = 0.0
    latency: float = 0.0
    """Seconds, one way."""
    jitter: float = 0.0
    """Seconds at most on top of the latency; order is kept."""
    reorder: float = 0.0
    """Fraction that is held back for up to 0.3 s, so that others overtake it."""
    duplicate: float = 0.0
    mtu: int = 65_535
    """Bytes; larger datagrams are lost."""


PERFECT: Final = Conditions()
CUT: Final = Conditions(loss=1.0)


class Link:
    """Carries datagrams one way; the same seed gives the same fate to each."""

    def __init__(
        self,
        clock: VirtualClock,
        deliver: Callable[[bytes, TransportAddress], None],
        conditions: Conditions = PERFECT,
        *,
        seed: str = "",
    ) -> None:
        self.conditions = conditions
        """May be changed; what is on its way keeps its fate."""
        self._clock = clock
        self._deliver = deliver
        self._random = Random(seed)  # noqa: S311 - repeatable by design
        self._newest_arrival = 0.0

    def send(self, data: bytes, address: TransportAddress) -> None:
        """Carry a datagram; `address` is handed to the receiver with it."""
        if len(data) > self.conditions.mtu:
            return
        is_doubled = self._random.random() < self.conditions.duplicate
        for _ in range(2 if is_doubled else 1):
            if self._random.random() >= self.conditions.loss:
                self._clock.call_at(self._arrival(), lambda: self._deliver(data, address))

    def _arrival(self) -> float:
        conditions, random = self.conditions, self._random
        arrival = self._clock.now + conditions.latency + random.random() * conditions.jitter
        if random.random() < conditions.reorder:
            return arrival + random.random() * _HELD_BACK
        self._newest_arrival = max(arrival, self._newest_arrival)
        return self._newest_arrival
