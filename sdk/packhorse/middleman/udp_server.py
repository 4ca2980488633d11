"""A UDP service at the host: the application is a server, each peer one of its clients."""

from collections.abc import Callable
from typing import Final

from packhorse.aio.udp import SocketAddress
from packhorse.core.events import PeerId
from packhorse.middleman.imitators import Imitators
from packhorse.middleman.notices import ApplicationUnreachable, NothingListens, Notice
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.traffic import Drop, Traffic

# What systems answer to a datagram for a closed port: the second one is Windows.
_CLOSED_PORT: Final = (ConnectionRefusedError, ConnectionResetError)


class UdpServer:
    """Offers one server to the peers of a room."""

    def __init__(
        self,
        channel: int,
        address: SocketAddress,
        link: RoomLink,
        notify: Callable[[Notice], None],
        traffic: Traffic,
        *,
        idle_after: float,
    ) -> None:
        """Open nothing yet; needs a running event loop.

        Args:
            channel: Of the room, 0..14.
            address: Address literal and port of the application.
            link: The way into the room.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
            idle_after: Seconds without traffic after which a peer's socket is closed; it
                opens again, at the same port, at the peer's next datagram.
        """
        self._channel = channel
        self._address = address
        self._link = link
        self._notify = notify
        self._traffic = traffic
        self._has_listened = False
        self._has_told_closed = False
        self._has_told_unreachable = False
        self._imitators = Imitators(
            address, self._receive_answer, self._receive_error, traffic, idle_after=idle_after
        )

    def deliver(self, peer: PeerId, data: bytes) -> None:
        """Hand a datagram of a peer to the server."""
        if peer not in self._imitators:
            if peer not in self._link.peers:
                self._traffic.own_drops[Drop.UNKNOWN_PEER] += 1
                return
            self._imitators.add(peer)
        self._imitators.deliver(peer, data)

    def forget(self, peer: PeerId) -> None:
        """Close the socket of a peer that has left; harmless when it has none."""
        self._imitators.remove(peer)

    async def aclose(self) -> None:
        """Close all sockets."""
        await self._imitators.aclose()

    def _receive_answer(self, peer: PeerId, data: bytes) -> None:
        self._has_listened = True
        self._has_told_closed = False
        self._link.send(data, peer, self._channel)

    def _receive_error(self, error: OSError) -> None:
        if isinstance(error, BlockingIOError):  # no place in the system's buffer just now
            return
        if isinstance(error, _CLOSED_PORT):
            self._traffic.own_drops[Drop.NOTHING_LISTENS] += 1
            if not self._has_told_closed:
                self._has_told_closed = True
                self._notify(NothingListens(self._address, has_listened=self._has_listened))
        elif not self._has_told_unreachable:
            self._has_told_unreachable = True
            self._notify(ApplicationUnreachable(self._address, error.strerror or str(error)))
