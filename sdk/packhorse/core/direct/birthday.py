"""Many ports against many, where a router gives them out at random (SPEC.md section 18.8)."""

from collections.abc import Callable, Iterator
from typing import Final

from packhorse.core.direct.prediction import LEAST_PORT
from packhorse.core.direct.rate_budget import RateBudget
from packhorse.wire.address import MAX_PORT, TransportAddress
from packhorse.wire.constants import (
    BIRTHDAY_PAUSE,
    BIRTHDAY_PROBES,
    BIRTHDAY_RATE,
    BIRTHDAY_SOCKETS,
    BIRTHDAY_TIME,
    BirthdayPart,
)

_AT_ONCE: Final = 10  # checks, so that few wake-ups are needed
_PORTS: Final = MAX_PORT + 1 - LEAST_PORT


class Birthday:
    """The runs of one member: one at a time, whichever peer it is with."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        """Begin without a run."""
        self._random_bytes = random_bytes
        self._budget = RateBudget(BIRTHDAY_RATE, _AT_ONCE)
        self._targets: Iterator[TransportAddress] = iter(())
        self.ready_at = 0.0
        """When the next run may begin."""
        self._ends_at = 0.0
        self._is_sending = False
        self.peer: int | None = None
        """With whom the present run is; None outside of one."""
        self.sockets = 0
        """How many the present run has opened: numbered from 1 on."""

    def begin(self, peer: int, part: BirthdayPart, seen: TransportAddress, *, now: float) -> None:
        """Begin a run: outside of one, and not before `ready_at`.

        Args:
            peer: With whom.
            part: What this member does.
            seen: Where the relay sees the peer.
            now: Clock.
        """
        is_opener = part is BirthdayPart.OPENER
        self._targets = self._open(seen) if is_opener else self._probe(seen)
        self._is_sending = True
        self.ready_at = now + BIRTHDAY_PAUSE
        self._ends_at = now + BIRTHDAY_TIME
        self.peer = peer

    def end(self) -> None:
        """End the run, if there is one."""
        self.peer = None
        self.sockets = 0
        self._is_sending = False
        self._targets = iter(())

    def next_timeout(self) -> float | None:
        """Return when `take` has work, or the run is over."""
        if self.peer is None:
            return None
        return min(self._budget.ready_at, self._ends_at) if self._is_sending else self._ends_at

    def take(self, *, now: float) -> list[TransportAddress]:
        """Return where checks go now; its listener is the number of the socket to send from."""
        if self.peer is not None and now >= self._ends_at:
            self.end()
        taken: list[TransportAddress] = []
        while self._is_sending and self._budget.take(now=now):
            target = next(self._targets, None)
            if target is None:
                self._is_sending = False
            else:
                taken.append(target)
        return taken

    def _open(self, seen: TransportAddress) -> Iterator[TransportAddress]:
        for number in range(1, BIRTHDAY_SOCKETS + 1):
            self.sockets = number
            yield seen._replace(listener=number)

    def _probe(self, seen: TransportAddress) -> Iterator[TransportAddress]:
        for _ in range(BIRTHDAY_PROBES):
            port = LEAST_PORT + int.from_bytes(self._random_bytes(4), "big") % _PORTS
            yield TransportAddress(seen.host, port)
