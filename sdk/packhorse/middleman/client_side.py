"""The middleman of everybody but the host: to the applications here it is their servers."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Self

from packhorse.aio.udp import SocketAddress
from packhorse.core.events import HOST, Event, Message
from packhorse.core.streams.format import FIRST_CHANNEL
from packhorse.core.streams.multiplexer import Multiplexer
from packhorse.core.streams.stream import Stream
from packhorse.middleman.notices import Notice
from packhorse.middleman.question import Question
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.services import CONTROL_CHANNEL, Wanted
from packhorse.middleman.tcp_carrier import TcpCarrier
from packhorse.middleman.tcp_listener import TcpListener
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.middleman.udp_client import UdpClient
from packhorse.wire.constants import Mode
from packhorse.wire.errors import ConfigurationError, ParseError


class ClientSide:
    """An async context manager that listens in the place of the host's servers."""

    def __init__(
        self,
        udp: Sequence[SocketAddress],
        notify: Callable[[Notice], None],
        traffic: Traffic,
        *,
        tcp: Sequence[SocketAddress] = (),
    ) -> None:
        """Open nothing yet.

        Args:
            udp: Address literals and ports to listen on, in the order of the host's UDP
                services, at most `MAX_UDP`; port 0 takes a free one.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
            tcp: The same for TCP, at most `MAX_TCP`.
        """
        self._udp_binds = tuple(udp)
        self._tcp_binds = tuple(tcp)
        self._notify = notify
        self._traffic = traffic
        self._link = RoomLink(traffic, notify)
        traffic.has_tcp = bool(tcp)
        self._question = Question(Wanted(len(udp), len(tcp)), notify)
        self._refusal: ConfigurationError | None = None

    @property
    def udp_addresses(self) -> list[SocketAddress]:
        """Where applications reach the host's UDP services."""
        return [client.address for client in self._udp]

    @property
    def tcp_addresses(self) -> list[SocketAddress]:
        """Where applications reach the host's TCP services."""
        return [listener.address for listener in self._tcp]

    async def __aenter__(self) -> Self:
        """Take all ports.

        Raises:
            ConfigurationError: An address or a port cannot be had.
        """
        self._build()
        services: list[UdpClient | TcpListener] = [*self._udp, *self._tcp]
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._carrier.aclose)  # after the listeners
            for service in services:
                await service.open()
                stack.callback(service.close)
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._open.aclose()

    async def run(self, room: RoomFace, on_event: Callable[[Event], None]) -> None:
        """Carry until the room is left; hand its events to `on_event`.

        Raises:
            SessionClosedByError: The relay, the host or the network ended the session.
            ConfigurationError: The host offers none of the services.
        """

        def watch(event: Event) -> None:
            self._question.watch(event)
            on_event(event)

        try:
            self._question.ask(room)
            async with asyncio.timeout(None) as self._stay:
                await self._link.run(room, self._deliver, watch, self._carrier.go_on)
        except TimeoutError:
            if self._refusal is None:
                raise
            raise self._refusal from None
        finally:
            self._question.close()

    def _build(self) -> None:
        notify, traffic, link = self._notify, self._traffic, self._link
        self._carrier = TcpCarrier(Multiplexer(), link, traffic)
        self._carrier.on_failure = self._tell_failure
        self._udp = [
            UdpClient(channel, bind, link, notify, traffic)
            for channel, bind in enumerate(self._udp_binds)
        ]
        self._tcp = [
            TcpListener(number, bind, self._carrier, notify, traffic.tcp)
            for number, bind in enumerate(self._tcp_binds)
        ]

    def _deliver(self, message: Message) -> None:
        channel = message.channel
        is_reliable = message.mode is Mode.RELIABLE
        if message.source != HOST:
            self._traffic.own_drops[Drop.OTHER_PEER] += 1
        elif is_reliable and channel >= FIRST_CHANNEL:
            self._carrier.receive(message)
        elif is_reliable and channel == CONTROL_CHANNEL:
            self._take_answer(message.data)
        elif channel < len(self._udp):
            self._udp[channel].deliver(message.data)
        else:
            self._traffic.own_drops[Drop.NO_SERVICE] += 1

    def _take_answer(self, message: bytes) -> None:
        try:
            self._question.answer(message)
        except ParseError:
            self._traffic.own_drops[Drop.BAD_MESSAGE] += 1
        except ConfigurationError as error:
            self._refusal = error
            self._stay.reschedule(asyncio.get_running_loop().time())  # ends `run`

    def _tell_failure(self, stream: Stream) -> None:
        self._tcp[stream.service].tell_failure(stream)
