"""How much data each room makes the relay send, looked at once a second."""

from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from packhorse_relay.core.data_budget import NOTHING, DataRate
from packhorse_relay.core.rooms import Room


class _Look(NamedTuple):
    when: float
    spent: DataRate
    rate: DataRate


class Traffic:
    """Bytes and datagrams a second by room, every copy and every header counted.

    What a room sends between the last look and its end is not seen.
    """

    def __init__(self, *, now: float) -> None:
        self._start = _Look(now, NOTHING, NOTHING)
        self._looks: WeakKeyDictionary[Room, _Look] = WeakKeyDictionary()
        self.octets = 0.0
        """Bytes that were sent to members since the start."""

    def __len__(self) -> int:
        return len(self._looks)

    def look(self, rooms: Iterable[Room], *, now: float) -> None:
        """Take what changed in some rooms since the last look at them."""
        for room in rooms:
            last, spent = self._looks.get(room, self._start), room.spent
            octets, datagrams = (
                spent.octets - last.spent.octets,
                spent.datagrams - last.spent.datagrams,
            )
            elapsed = max(now - last.when, 1e-3)
            rate = DataRate(octets / elapsed, datagrams / elapsed)
            self._looks[room] = _Look(now, spent, rate)
            self.octets += octets

    def of(self, room: Room) -> DataRate:
        """Return what a room caused a second, between the last two looks."""
        return self._looks.get(room, self._start).rate
