"""The host's middleman: the application is a server, each peer one of its clients."""

from collections.abc import Callable
from typing import Final, Self

from packhorse.aio.udp import SocketAddress
from packhorse.core.events import Event, Message, PeerId, PeerLeft
from packhorse.middleman.imitators import Imitators
from packhorse.middleman.notices import ApplicationUnreachable, NothingListens, Notice
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.traffic import Drop, Traffic

IDLE_AFTER: Final = 60.0  # seconds
# What systems answer to a datagram for a closed port: the second one is Windows.
_CLOSED_PORT: Final = (ConnectionRefusedError, ConnectionResetError)


class HostSide:
    """An async context manager that offers a server to the peers of a room."""

    def __init__(
        self,
        server: SocketAddress,
        notify: Callable[[Notice], None],
        traffic: Traffic,
        *,
        idle_after: float = IDLE_AFTER,
    ) -> None:
        """Open nothing yet.

        Args:
            server: Address literal and port of the application.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
            idle_after: Seconds without traffic after which a peer's socket is closed; it
                opens again, at the same port, at the peer's next datagram.
        """
        self._server = server
        self._notify = notify
        self._traffic = traffic
        self._idle_after = idle_after
        self._link = RoomLink(traffic, notify)
        self._has_listened = False
        self._has_told_closed = False
        self._has_told_unreachable = False

    async def __aenter__(self) -> Self:
        self._imitators = Imitators(
            self._server,
            self._receive_answer,
            self._receive_error,
            self._traffic,
            idle_after=self._idle_after,
        )
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._imitators.aclose()

    async def run(self, room: RoomFace, on_event: Callable[[Event], None]) -> None:
        """Carry datagrams until the room is left; hand its events to `on_event`.

        Raises:
            SessionClosedByError: The relay or the network ended the session.
        """

        def see(event: Event) -> None:
            if isinstance(event, PeerLeft):
                self._imitators.remove(event.peer)
            on_event(event)

        await self._link.run(room, self._deliver, see)

    def _deliver(self, message: Message) -> None:
        peer = message.source
        if peer not in self._imitators:
            if peer not in self._link.peers:
                self._traffic.own_drops[Drop.UNKNOWN_PEER] += 1
                return
            self._imitators.add(peer)
        self._imitators.deliver(peer, message.data)

    def _receive_answer(self, peer: PeerId, data: bytes) -> None:
        self._has_listened = True
        self._has_told_closed = False
        self._link.send(data, peer)

    def _receive_error(self, error: OSError) -> None:
        if isinstance(error, BlockingIOError):  # no place in the system's buffer just now
            return
        if isinstance(error, _CLOSED_PORT):
            self._traffic.own_drops[Drop.NOTHING_LISTENS] += 1
            if not self._has_told_closed:
                self._has_told_closed = True
                self._notify(NothingListens(self._server, has_listened=self._has_listened))
        elif not self._has_told_unreachable:
            self._has_told_unreachable = True
            self._notify(ApplicationUnreachable(self._server, error.strerror or str(error)))
