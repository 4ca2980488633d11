"""The room's end of a middleman, the same at the host and at the others."""

from collections.abc import Callable
from typing import Final

from packhorse.core.events import Event, Message, PeerId
from packhorse.middleman.notices import Notice, PayloadTooLarge
from packhorse.middleman.room_face import DeliveryRoom, RoomFace
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.constants import FRAGMENT_SIZE, Mode
from packhorse.wire.errors import LocalProtocolError, PackhorseError

_READ_SIZE: Final = 2048  # bytes that `UdpSocket` reads of a datagram at most
_BULK_LIMIT: Final = 192 * 1024  # bytes that wait for a peer; above it only small messages pass


class RoomLink:
    """Sends what the applications sent into the room and says why when it cannot."""

    def __init__(self, traffic: Traffic, notify: Callable[[Notice], None]) -> None:
        self._traffic = traffic
        self._notify = notify
        self._room: RoomFace | None = None
        self._delivery: DeliveryRoom | None = None
        self._max_payload = 0
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
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        """Carry messages until the room is left.

        Args:
            room: Joined, and left by the caller.
            on_message: Called with each message.
            on_event: Called with each event that is no message.
            on_progress: Called when `offer` may succeed again.

        Raises:
            SessionClosedByError: The relay, the host or the network ended the session.
        """
        self._enter(room, on_progress)
        room.on_message = on_message
        try:
            async for event in room:
                if isinstance(event, Message):  # it came before `on_message` was set
                    on_message(event)
                else:
                    on_event(event)
        finally:
            room.on_message = None
            self._leave()

    def send(self, data: bytes, to: int, channel: int = 0) -> None:
        """Send a datagram of an application to a peer, or count why not."""
        if self._room is None:
            self._traffic.own_drops[Drop.NOT_IN_ROOM] += 1
        elif not 1 <= len(data) <= self._max_payload:
            self._refuse(len(data))
        else:
            self._send(self._room, data, to, channel)

    def offer(self, to: int, channel: int, message: bytes) -> bool:
        """Send a reliable message; False when it has to wait until there is progress.

        Small messages are let through while large ones wait, so that somebody who types
        does not wait for somebody who copies. A message to a peer that is gone is dropped:
        its streams are about to be.
        """
        room = self._delivery
        if room is None:
            return False
        is_bulk = len(message) > FRAGMENT_SIZE
        if is_bulk and room.peer_statistics(to).queued_bytes >= _BULK_LIMIT:
            return False
        try:
            return room.try_send(message, to=to, mode=Mode.RELIABLE, channel=channel)
        except LocalProtocolError:
            return True
        except PackhorseError:  # the session has ended
            return False

    def _enter(self, room: RoomFace, on_progress: Callable[[], None] | None) -> None:
        self._room = room
        self._max_payload = room.max_payload
        self._traffic.room_drops = room.drops
        if isinstance(room, DeliveryRoom):
            self._delivery = room
            room.on_progress = on_progress

    def _leave(self) -> None:
        if self._delivery is not None:
            self._delivery.on_progress = None
        self._room = self._delivery = None

    def _send(self, room: RoomFace, data: bytes, to: int, channel: int) -> None:
        try:
            if channel == 0:
                is_sent = room.try_send(data, to=to)
            elif self._delivery is not None:
                is_sent = self._delivery.try_send(data, to=to, channel=channel)
            else:
                is_sent = False
        except PackhorseError:
            self._traffic.own_drops[Drop.NOT_IN_ROOM] += 1
            return
        if is_sent:
            self._traffic.to_room += 1
        else:
            self._traffic.own_drops[Drop.SEND_FAILED] += 1

    def _refuse(self, size: int) -> None:
        self._traffic.own_drops[Drop.TOO_LARGE if size else Drop.EMPTY] += 1
        if size and not self._has_told_size:
            self._has_told_size = True
            self._notify(PayloadTooLarge(size, self._max_payload, is_cut=size >= _READ_SIZE))
