"""Datagrams of peers that the roster does not have yet: held back until they are announced."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import compress
from typing import NamedTuple

from packhorse.core.events import PeerId
from packhorse.wire.constants import EARLY_DATA, EARLY_DATA_LIFETIME
from packhorse.wire.header import Header


class EarlyDatagram(NamedTuple):
    """DATA or FRAME that came before the news of its sender."""

    header: Header
    payload: bytes


class EarlyData:
    """A bounded store; what comes when it is full is refused.

    Whoever knows the tag can forge data of peers that never come: it does not stay.
    """

    def __init__(self) -> None:
        self._datagrams: list[EarlyDatagram] = []
        self._held_since: list[float] = []

    def hold(self, datagram: EarlyDatagram, *, now: float) -> bool:
        """Keep a datagram for EARLY_DATA_LIFETIME; False when there is no place."""
        if len(self._datagrams) >= EARLY_DATA:
            return False
        self._datagrams.append(datagram)
        self._held_since.append(now)
        return True

    def expire(self, *, now: float) -> int:
        """Drop what has been held for too long; returns how many datagrams that were."""
        oldest = now - EARLY_DATA_LIFETIME
        count = bisect_right(self._held_since, oldest)
        del self._datagrams[:count]
        del self._held_since[:count]
        return count

    def release(self, peer: PeerId) -> list[EarlyDatagram]:
        """Hand out the datagrams of a peer that has been announced."""
        return self._take(lambda source: source == peer)

    def discard(self, may_come: Callable[[int], bool]) -> int:
        """Drop the datagrams of peers that cannot come any more; returns how many that were."""
        return len(self._take(lambda source: not may_come(source)))

    def _take(self, is_taken: Callable[[int], bool]) -> list[EarlyDatagram]:
        taken = [is_taken(datagram.header.source) for datagram in self._datagrams]
        given = list(compress(self._datagrams, taken))
        if given:
            kept = [not each for each in taken]
            self._datagrams = list(compress(self._datagrams, kept))
            self._held_since = list(compress(self._held_since, kept))
        return given
