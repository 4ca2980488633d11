"""The public rooms, in ascending code."""

from bisect import bisect_right, insort

from packhorse.wire.constants import MAX_LISTED
from packhorse.wire.room_code import RoomCode
from packhorse.wire.room_list import ListedRoom, encode_listed
from packhorse_relay.core.rooms import Room


class PublicRooms:
    """Rooms whose hosts want them to be listed; no other room leaves a trace here (ADM-10)."""

    def __init__(self) -> None:
        self._codes: list[RoomCode] = []
        self._rooms: dict[RoomCode, Room] = {}

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, room: Room) -> bool:
        """Make a room public; False when there are too many."""
        if room.code in self._rooms:
            return True
        if len(self._codes) >= MAX_LISTED:
            return False
        insort(self._codes, room.code)
        self._rooms[room.code] = room
        return True

    def remove(self, code: RoomCode) -> None:
        """Make a room private again; harmless when it is."""
        if self._rooms.pop(code, None) is not None:
            self._codes.remove(code)

    def page(self, after: str, space: int, app: str | None) -> tuple[bytes, bool]:
        """Return entries with codes above `after`, up to `space` bytes, and whether there are more.

        Args:
            after: A code, or anything: what is below it is left out.
            space: Bytes, at least 524, so that one entry fits.
            app: Application of the asker's ticket; rooms of others are left out.
        """
        page = b""
        for code in self._codes[bisect_right(self._codes, after) :]:
            room = self._rooms[code]
            if room.is_foreign(app):
                continue
            entry = encode_listed(_listed(room))
            if len(page) + len(entry) > space:
                return page, True
            page += entry
        return page, False


def _listed(room: Room) -> ListedRoom:
    return ListedRoom(
        code=room.code,
        peers=len(room.sessions),
        max_peers=room.max_peers,
        has_password=room.password_key is not None,
        needs_approval=room.needs_approval,
        is_locked=room.is_locked,
        metadata=room.metadata,
    )
