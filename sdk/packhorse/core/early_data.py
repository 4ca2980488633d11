"""Datagrams of peers that the roster does not have yet: held back until they are announced."""

from collections.abc import Callable
from typing import NamedTuple

from packhorse.core.events import PeerId
from packhorse.wire.constants import EARLY_DATA
from packhorse.wire.header import Header


class EarlyDatagram(NamedTuple):
    """DATA or FRAME that came before the news of its sender."""

    header: Header
    payload: bytes


class EarlyData:
    """A bounded store; what comes when it is full is refused."""

    def __init__(self) -> None:
        self._datagrams: list[EarlyDatagram] = []

    def hold(self, datagram: EarlyDatagram) -> bool:
        """Keep a datagram; False when there is no place."""
        if len(self._datagrams) >= EARLY_DATA:
            return False
        self._datagrams.append(datagram)
        return True

    def release(self, peer: PeerId) -> list[EarlyDatagram]:
        """Hand out the datagrams of a peer that has been announced."""
        released = [datagram for datagram in self._datagrams if datagram.header.source == peer]
        if released:
            self._datagrams = [each for each in self._datagrams if each.header.source != peer]
        return released

    def discard(self, may_come: Callable[[int], bool]) -> int:
        """Drop the datagrams of peers that cannot come any more; returns how many that were."""
        kept = [datagram for datagram in self._datagrams if may_come(datagram.header.source)]
        count = len(self._datagrams) - len(kept)
        self._datagrams = kept
        return count
