"""PING and PONG: the lease, the round-trip time, and whether the relay is there."""

from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from typing import Final

from packhorse.core.rtt import RttEstimator
from packhorse.wire import constants as c
from packhorse.wire.messages import Grant

_EARLY_PINGS: Final = 5
_MAX_OPEN: Final = 32  # PINGs whose PONG is still awaited; the oldest gives way
_VARIATION: Final = 0.1  # of the interval, either way
_ADVISED_INTERVAL: Final = 1.0  # seconds between PINGs that somebody asked for
_ANSWERED_INTERVAL: Final = 0.25  # seconds between them where the relay answers


class Liveness(Enum):
    """What silence of the relay means."""

    ALIVE = "alive"
    LOST = "lost"
    EXPIRED = "expired"


class Pings:
    """Says when to ping, and what the answers and their absence mean."""

    def __init__(self, grant: Grant, random_bytes: Callable[[int], bytes], *, now: float) -> None:
        self._interval = grant.ping_interval_ms / 1000
        self._lost_after = grant.lost_after_ms / 1000
        self._removed_after = grant.removed_after_ms / 1000
        self._random_bytes = random_bytes
        self._open: OrderedDict[int, float] = OrderedDict()  # sequence number to send time
        self._sent = 0
        self._advised_at: float | None = None
        self._followed_at = now - _ADVISED_INTERVAL  # when advice last led to a PING
        self._may_advise_at = now
        self._ping_at = now
        self._heard_at = now
        self._may_be_denied = False
        self.silent_since: float | None = None
        """When the first PING was sent after which nothing came; None while all is answered."""
        self.unanswered = 0
        """PINGs from then on."""
        self.liveness = Liveness.ALIVE
        self.rtt = RttEstimator()

    def next_timeout(self) -> float:
        """Return when to ping or to look at `liveness` next."""
        return min(self._next_ping(), self._silence_ends_at())

    def is_due(self, *, now: float) -> bool:
        """Tell whether a PING must go out."""
        return now >= self._next_ping()

    def advise(self, *, now: float) -> None:
        """Ping at once, or a second after the last advice that was followed.

        Somebody says that the relay does not know this address.
        """
        if self._advised_at is None:
            self._advised_at = max(now, self._may_advise_at)

    def count_send(self, seq: int, *, now: float) -> None:
        """Note that the PING with this sequence number was sent."""
        self._open[seq] = now
        self.unanswered += 1
        if self.silent_since is None:
            self.silent_since = now
        if len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)
        self._sent += 1
        if self._advised_at is not None:
            self._advised_at = None
            self._followed_at = now
            self._may_advise_at = now + _ADVISED_INTERVAL
        self._may_be_denied = True
        self._ping_at = now + self._next_interval()

    def take_denial(self) -> bool:
        """Tell whether a denial of the session counts: once for each PING sent."""
        counts, self._may_be_denied = self._may_be_denied, False
        return counts

    def receive_pong(self, ping: int, *, now: float) -> None:
        """Measure the RTT if the PONG answers an open PING."""
        sent_at = self._open.pop(ping, None)
        if sent_at is not None:
            self.rtt.add(now - sent_at)
            self._drop_advice()

    def forget_open(self) -> None:
        """Take no sample from the PINGs sent so far: a proof of the address delays their PONG."""
        self._open.clear()
        self._drop_advice()

    def begin_again(self, *, now: float) -> None:
        """Ping at once: the relay has taken the session up again."""
        self.forget_open()
        self._may_be_denied = False
        self._ping_at = now

    def lose(self) -> bool:
        """Note that the relay does not know the session; True when it was not lost before."""
        was_alive = self.liveness is Liveness.ALIVE
        self.liveness = Liveness.LOST
        return was_alive

    def hear(self, *, now: float) -> bool:
        """Note a valid SEAL datagram; True when the relay was lost before."""
        was_lost = self.liveness is Liveness.LOST
        self.liveness = Liveness.ALIVE
        self._heard_at = now
        self.silent_since, self.unanswered = None, 0
        return was_lost

    def check(self, *, now: float) -> bool:
        """Judge the silence; True when `liveness` has changed."""
        if now < self._silence_ends_at():
            return False
        is_expired = self.liveness is Liveness.LOST or now - self._heard_at >= self._removed_after
        self.liveness = Liveness.EXPIRED if is_expired else Liveness.LOST
        return True

    def _drop_advice(self) -> None:
        """The relay knows this address, or is about to: what waits would tell it nothing."""
        self._advised_at = None
        self._may_advise_at = min(self._may_advise_at, self._followed_at + _ANSWERED_INTERVAL)

    def _next_ping(self) -> float:
        return self._ping_at if self._advised_at is None else min(self._ping_at, self._advised_at)

    def _silence_ends_at(self) -> float:
        is_alive = self.liveness is Liveness.ALIVE
        return self._heard_at + (self._lost_after if is_alive else self._removed_after)

    def _next_interval(self) -> float:
        interval = self._interval
        if self._sent < _EARLY_PINGS:
            interval = min(interval, c.PING_INTERVAL_EARLY)
        fraction = int.from_bytes(self._random_bytes(2), "big") / 0xFFFF
        return interval * (1 + _VARIATION * (2 * fraction - 1))
