"""The middleman of everybody but the host: to the application here it is the server."""

import asyncio
from collections.abc import Callable
from typing import Self

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.events import HOST, Event, Message
from packhorse.middleman.application import ApplicationAddress
from packhorse.middleman.notices import Notice
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.errors import ConfigurationError


class ClientSide:
    """An async context manager that listens in the place of the host's server."""

    def __init__(
        self, bind: SocketAddress, notify: Callable[[Notice], None], traffic: Traffic
    ) -> None:
        """Open nothing yet.

        Args:
            bind: Address literal and port to listen on; port 0 takes a free one.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
        """
        self._bind = bind
        self._notify = notify
        self._traffic = traffic
        self._link = RoomLink(traffic, notify)
        self._application = ApplicationAddress(bind[0])

    @property
    def address(self) -> SocketAddress:
        """Where the application reaches the room."""
        return self._socket.local_address

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigurationError: The address or the port cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        try:
            self._socket = await UdpSocket.open(self._receive, bind=self._bind)
        except OSError as error:
            host, port = self._bind
            raise ConfigurationError(
                f"UDP port {port} of {host} cannot be had: {error.strerror or error}",
                "close the program that has it or name another one with --udp; "
                "--udp 0 takes a free port",
            ) from error
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._socket.close()

    async def run(self, room: RoomFace, on_event: Callable[[Event], None]) -> None:
        """Carry datagrams until the room is left; hand its events to `on_event`.

        Raises:
            SessionClosedByError: The relay, the host or the network ended the session.
        """
        await self._link.run(room, self._deliver, on_event)

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        if source != self._application.current and not self._follow(source):
            self._traffic.own_drops[Drop.OTHER_SOURCE] += 1
            return
        self._link.send(data, HOST)

    def _follow(self, source: SocketAddress) -> bool:
        if not self._application.accepts(source):
            return False
        notice = self._application.follow(source, now=self._loop.time())
        if notice is not None:
            self._notify(notice)
        return True

    def _deliver(self, message: Message) -> None:
        application = self._application.current
        if message.source != HOST:
            self._traffic.own_drops[Drop.OTHER_PEER] += 1
        elif application is None:
            self._traffic.own_drops[Drop.NO_APPLICATION] += 1
        elif self._socket.send(message.data, application):
            self._traffic.from_room += 1
        else:
            self._traffic.own_drops[Drop.SEND_FAILED] += 1
