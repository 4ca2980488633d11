"""What a room tells its members, encoded once for all of them and for every question."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Final

from packhorse.wire.constants import ROSTER_PAGE
from packhorse.wire.messages import Events, Roster
from packhorse.wire.seal import SharedSeal
from packhorse_relay.core.rooms import Room, Session

_ANY_SEQ: Final = 1  # replaced for each session

Messages = tuple[SharedSeal, ...]


class News:
    """ROSTER and EVENTS of one room as it is now.

    What was encoded is kept until the room changes: for every revision that EVENTS can
    begin after, and for the roster. SPEC.md section 7.2.
    """

    def __init__(self) -> None:
        self._state = 0, False
        self._encoded: dict[int | None, Messages] = {}

    def __len__(self) -> int:
        return len(self._encoded)

    def since(self, room: Room, rev: int) -> Messages:
        """Return EVENTS after `rev`, or every page of ROSTER where they are not kept any more."""
        state = room.rev, room.is_recovering
        if self._state != state:
            self._state = state
            self._encoded.clear()
        events = room.events_since(min(rev, room.rev))
        since = None if events is None else min(rev, room.rev)
        if since not in self._encoded:
            messages = _pages(room) if events is None else [Events(seq=_ANY_SEQ, events=events)]
            self._encoded[since] = tuple(SharedSeal.of(message) for message in messages)
        return self._encoded[since]


def _pages(room: Room) -> Iterator[Roster]:
    peers = room.roster()
    starts = range(0, len(peers), ROSTER_PAGE)
    for page, start in enumerate(starts):
        yield Roster(
            seq=_ANY_SEQ,
            rev=room.rev,
            page=page,
            pages=len(starts),
            peers=tuple(peers[start : start + ROSTER_PAGE]),
            recovering=room.is_recovering or None,
        )


class Untold:
    """Rooms whose members are still to be told of changes, room by room and member by member."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[Room, None] = OrderedDict()
        self._members: deque[Session] = deque()
        self.since = 0.0
        """When the oldest change happened, clock seconds; meaningless when empty."""

    @property
    def is_empty(self) -> bool:
        """Tell whether everybody has been told."""
        return not (self._rooms or self._members)

    def add(self, room: Room, *, now: float) -> None:
        """Note that a room has changed."""
        if self.is_empty:
            self.since = now
        self._rooms[room] = None

    def pop(self) -> Session | None:
        """Return the next member to tell; it may know already."""
        while not self.is_empty:
            if not self._members:
                room, _ = self._rooms.popitem(last=False)
                self._members.extend(room.sessions.values())
                continue
            session = self._members.popleft()
            if session.room.sessions.get(session.peer) is session:
                return session
        return None
