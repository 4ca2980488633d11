"""What a host has made of its room: a relay that was restarted has to be told again."""

from dataclasses import dataclass, replace
from typing import Final

from packhorse.core.room_change import RoomChange
from packhorse.wire.constants import Topology

_NOTHING: Final = RoomChange()


@dataclass(frozen=True, slots=True)
class _OpenChange:
    change: RoomChange
    is_own: bool


class RoomMemory:
    """The changes that the relay has made, and those that it is asked for; told once an epoch."""

    def __init__(self, *, is_locked: bool | None) -> None:
        """Start with a room that was made locked or not; None where this is not known."""
        self._start = RoomChange(locked=is_locked)
        self._made = _NOTHING
        self._open: dict[int, _OpenChange] = {}
        self.is_told = True
        """Whether `take_untold` has nothing to return in this epoch."""

    @property
    def topology(self) -> Topology | None:
        """What the topology was changed to since the last GRANT."""
        return self._made.topology

    @property
    def is_guarded(self) -> bool:
        """Tell whether the room is guarded, or is to be (SPEC.md section 8.7)."""
        asked = [each.change for each in self._open.values()]
        return any(each.is_guarding for each in (self._start.then(self._made), *asked))

    def open(self, seq: int, change: RoomChange, *, is_own: bool = False) -> None:
        """Note a request; `is_own` tells that it is not the application's."""
        self._open[seq] = _OpenChange(change, is_own)

    def close(self, seq: int, code: int | None) -> bool:
        """Note how a request ended; True when it was not the application's."""
        closed = self._open.pop(seq, None)
        if closed is not None and code == 0:
            self._made = self._made.then(closed.change)
        return closed is not None and closed.is_own

    def begin_epoch(self) -> None:
        """Note that the relay may have forgotten all of them; GRANT told the topology."""
        self.is_told = False
        self._made = replace(self._made, topology=None)

    def take_untold(self) -> list[RoomChange]:
        """Return what the relay has to be told again, once (SPEC.md section 8.7).

        The doors first and by themselves: they must not depend on a place in the list. The
        topology is left out, because it stands in the resume ticket.
        """
        if self.is_told:
            return []
        self.is_told = True
        known = self._made
        for each in self._open.values():
            known = known.then(each.change)
        if known == _NOTHING:
            return []
        known = self._start.then(known)
        doors = replace(known, topology=None, listed=None, metadata=None)
        listing = RoomChange(listed=known.listed, metadata=known.metadata)
        return [change for change in (doors, listing) if change != _NOTHING]
