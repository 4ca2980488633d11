"""The host's middleman: offers servers of UDP and of TCP to the peers of a room."""

from collections.abc import Callable, Sequence
from typing import Final, Self

from packhorse.aio.udp import SocketAddress
from packhorse.core.events import Event, Message, PeerId, PeerLeft
from packhorse.core.streams.format import FIRST_CHANNEL
from packhorse.core.streams.multiplexer import Multiplexer
from packhorse.middleman.notices import Notice
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.services import CONTROL_CHANNEL, QUESTION, Services, encode_answer
from packhorse.middleman.tcp_carrier import TcpCarrier
from packhorse.middleman.tcp_connector import TcpConnector, TcpServer
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.middleman.udp_server import UdpServer
from packhorse.wire.constants import Mode

IDLE_AFTER: Final = 60.0  # seconds


class HostSide:
    """An async context manager that offers servers to the peers of a room."""

    def __init__(
        self,
        udp: Sequence[SocketAddress],
        notify: Callable[[Notice], None],
        traffic: Traffic,
        *,
        tcp: Sequence[Sequence[SocketAddress]] = (),
        idle_after: float = IDLE_AFTER,
    ) -> None:
        """Open nothing yet.

        Args:
            udp: Address literal and port of each UDP server, at most `MAX_UDP`.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
            tcp: The addresses of each TCP server, tried in turn; at most `MAX_TCP` servers.
            idle_after: Seconds without traffic after which a peer's UDP socket is closed; it
                opens again, at the same port, at the peer's next datagram.
        """
        self._udp_addresses = tuple(udp)
        self._tcp_addresses = tuple(tcp)
        self._notify = notify
        self._traffic = traffic
        self._idle_after = idle_after
        self._link = RoomLink(traffic, notify)
        self._told: set[PeerId] = set()  # who asked for a service that is not there
        traffic.has_tcp = bool(tcp)

    async def __aenter__(self) -> Self:
        self._udp = [
            UdpServer(
                channel,
                address,
                self._link,
                self._notify,
                self._traffic,
                idle_after=self._idle_after,
            )
            for channel, address in enumerate(self._udp_addresses)
        ]
        self._carrier = TcpCarrier(Multiplexer(len(self._tcp_addresses)), self._link, self._traffic)
        self._connector = TcpConnector(
            [TcpServer(addresses) for addresses in self._tcp_addresses],
            self._carrier,
            self._notify,
            self._traffic.tcp,
        )
        self._carrier.on_unattached = self._connector.see
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._connector.aclose()
        await self._carrier.aclose()
        for server in self._udp:
            await server.aclose()

    async def run(self, room: RoomFace, on_event: Callable[[Event], None]) -> None:
        """Carry until the room is left; hand its events to `on_event`.

        Raises:
            SessionClosedByError: The relay or the network ended the session.
        """

        def see(event: Event) -> None:
            if isinstance(event, PeerLeft):
                self._forget(event.peer)
            on_event(event)

        await self._link.run(room, self._deliver, see, self._carrier.go_on)

    def _forget(self, peer: PeerId) -> None:
        self._told.discard(peer)
        self._carrier.forget(peer)
        for server in self._udp:
            server.forget(peer)

    def _deliver(self, message: Message) -> None:
        channel = message.channel
        is_reliable = message.mode is Mode.RELIABLE
        if is_reliable and channel >= FIRST_CHANNEL:
            self._carrier.receive(message)
        elif is_reliable and channel == CONTROL_CHANNEL:
            self._answer(message)
        elif channel < len(self._udp):
            self._udp[channel].deliver(message.source, message.data)
        else:
            self._refuse(message.source)

    def _refuse(self, peer: PeerId) -> None:
        """Tell a peer once what there is, because it looks for something else."""
        self._traffic.own_drops[Drop.NO_SERVICE] += 1
        if peer not in self._told and peer in self._link.peers:
            self._told.add(peer)
            self._tell_services(peer)

    def _answer(self, message: Message) -> None:
        if message.data.startswith(QUESTION):
            self._tell_services(message.source)
        else:
            self._traffic.own_drops[Drop.BAD_MESSAGE] += 1

    def _tell_services(self, peer: PeerId) -> None:
        services = Services(
            tuple(port for _, port in self._udp_addresses),
            tuple(addresses[0][1] for addresses in self._tcp_addresses),
        )
        self._link.offer(peer, CONTROL_CHANNEL, encode_answer(services))
