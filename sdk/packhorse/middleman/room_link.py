"""The room's end of a middleman, the same at the host and at the others."""

from collections.abc import Callable
from typing import Final

from packhorse.core.events import Event, Message, PeerId
from packhorse.middleman.notices import Notice, PayloadTooLarge
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.errors import PackhorseError

_READ_SIZE: Final = 2048  # bytes that `UdpSocket` reads of a datagram at most


class RoomLink:
    """Sends what the application sent into the room and says why when it cannot."""

    def __init__(self, traffic: Traffic, notify: Callable[[Notice], None]) -> None:
        self._traffic = traffic
        self._notify = notify
        self._room: RoomFace | None = None
        self._has_told_size = False

    @property
    def peers(self) -> frozenset[PeerId]:
        """Ids of all other members; empty when in no room."""
        return frozenset() if self._room is None else self._room.peers

    async def run(
        self,
        room: RoomFace,
        on_message: Callable[[Message], None],
        on_event: Callable[[Event], None],
    ) -> None:
        """Carry messages until the room is left.

        Args:
            room: Joined, and left by the caller.
            on_message: Called with each message.
            on_event: Called with each event that is no message.

        Raises:
            SessionClosedByError: The relay, the host or the network ended the session.
        """
        self._room = room
        self._traffic.room_drops = room.drops
        room.on_message = on_message
        try:
            async for event in room:
                if isinstance(event, Message):  # it came before `on_message` was set
                    on_message(event)
                else:
                    on_event(event)
        finally:
            room.on_message = None
            self._room = None

    def send(self, data: bytes, to: int) -> None:
        """Send a datagram of the application to a peer, or count why not."""
        room = self._room
        if room is None:
            self._traffic.own_drops[Drop.NOT_IN_ROOM] += 1
            return
        try:
            is_sent = room.try_send(data, to=to)
        except PackhorseError:
            self._refuse(room, len(data))
            return
        if is_sent:
            self._traffic.to_room += 1
        else:
            self._traffic.own_drops[Drop.SEND_FAILED] += 1

    def _refuse(self, room: RoomFace, size: int) -> None:
        if 1 <= size <= room.max_payload:
            reason = Drop.NOT_IN_ROOM
        else:
            reason = Drop.TOO_LARGE if size else Drop.EMPTY
        self._traffic.own_drops[reason] += 1
        if reason is Drop.TOO_LARGE and not self._has_told_size:
            self._has_told_size = True
            self._notify(PayloadTooLarge(size, room.max_payload, is_cut=size >= _READ_SIZE))
