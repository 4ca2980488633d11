"""A UDP service at a client: to the application here it is the server."""

import asyncio
from collections.abc import Callable

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.events import HOST
from packhorse.middleman.application import ApplicationAddress
from packhorse.middleman.notices import Notice
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.taken_port import port_error
from packhorse.middleman.traffic import Drop, Traffic


class UdpClient:
    """Listens in the place of one of the host's UDP servers."""

    def __init__(
        self,
        channel: int,
        bind: SocketAddress,
        link: RoomLink,
        notify: Callable[[Notice], None],
        traffic: Traffic,
    ) -> None:
        """Open nothing yet; needs a running event loop.

        Args:
            channel: Of the room, 0..14.
            bind: Address literal and port to listen on; port 0 takes a free one.
            link: The way into the room.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
        """
        self._channel = channel
        self._bind = bind
        self._link = link
        self._notify = notify
        self._traffic = traffic
        self._application = ApplicationAddress(bind[0])
        self._loop = asyncio.get_running_loop()

    @property
    def address(self) -> SocketAddress:
        """Where the application reaches the room."""
        return self._socket.local_address

    async def open(self) -> None:
        """Listen.

        Raises:
            ConfigurationError: The address or the port cannot be had.
        """
        try:
            self._socket = await UdpSocket.open(self._receive, bind=self._bind)
        except OSError as error:
            raise port_error("udp", *self._bind, error) from error

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def deliver(self, data: bytes) -> None:
        """Hand a datagram of the host to the application."""
        application = self._application.current
        if application is None:
            self._traffic.own_drops[Drop.NO_APPLICATION] += 1
        elif self._socket.send(data, application):
            self._traffic.from_room += 1
        else:
            self._traffic.own_drops[Drop.SEND_FAILED] += 1

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        if source != self._application.current and not self._follow(source):
            self._traffic.own_drops[Drop.OTHER_SOURCE] += 1
            return
        self._link.send(data, HOST, self._channel)

    def _follow(self, source: SocketAddress) -> bool:
        if not self._application.accepts(source):
            return False
        notice = self._application.follow(source, now=self._loop.time())
        if notice is not None:
            self._notify(notice)
        return True
