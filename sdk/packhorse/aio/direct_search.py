"""Everything of this machine that direct paths need: sockets, and the addresses they have."""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence

from packhorse.aio.direct_sockets import DirectSockets
from packhorse.aio.gateways import MappedPort
from packhorse.aio.more_sockets import MoreSockets
from packhorse.aio.reflexive_search import ReflexiveSearch
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.direct.channel import DirectDatagram
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate, arranged
from packhorse.wire.constants import BirthdayPart, CandidateKind
from packhorse.wire.stun import is_stun

NO_PORT_MAPPING = "PACKHORSE_NO_PORT_MAPPING"
"""Environment variable; anything but empty keeps gateways from being asked for ports."""
_REFRESH = 30.0  # seconds after which the addresses of this machine are looked up again


class DirectSearch:
    """Opens sockets, and finds out again and again where they can be reached."""

    def __init__(self, on_changed: Callable[[], None], *, birthday: bool = False) -> None:
        """Open nothing yet.

        Args:
            on_changed: Called when `candidates` or `part` may return something else.
            birthday: Take a part in birthday probing.
        """
        self._birthday = birthday
        self._loop = asyncio.get_running_loop()
        self._on_changed = on_changed
        self._sockets = DirectSockets()
        self._reflexive: ReflexiveSearch | None = None
        self._gateway: MappedPort | None = None
        self._mapping: asyncio.Task[None] | None = None
        self._refresh: asyncio.TimerHandle | None = None
        self._attempts = 0

    async def open(
        self,
        shared: UdpSocket | None,
        relay: Sequence[SocketAddress],
        on_datagram: Callable[[bytes, SocketAddress | TransportAddress], None],
        on_drained: Callable[[], None],
    ) -> None:
        """Open what is missing, and begin to ask.

        Args:
            shared: The socket to the relay, if that is UDP; it stays its owner's.
            relay: All addresses of the relay.
            on_datagram: Called with each datagram of the other sockets that `takes` does not
                take, and its source, with the number of the socket if that is one more.
            on_drained: Called when all that came together has been handed out.
        """

        def receive(data: bytes, source: SocketAddress) -> None:
            if not self.takes(data, source):
                on_datagram(data, source)

        await self._sockets.open(shared, receive, on_drained)
        self._sockets.more = MoreSockets(on_datagram, on_drained)
        self._reflexive = ReflexiveSearch(relay, self._sockets.sockets, self._on_changed)
        self._map_port()
        self._look_again()

    def candidates(self) -> list[Candidate]:
        """Return where this machine may be reached, as far as that is known by now."""
        seen = self._reflexive.candidates() if self._reflexive else []
        forwarded = self._gateway.address if self._gateway else None
        mapped = [Candidate(CandidateKind.MAPPED, forwarded)] if forwarded else []
        return arranged([*self._sockets.candidates(), *seen, *mapped])

    @property
    def part(self) -> BirthdayPart | None:
        """What this machine can do in birthday probing, if that is wanted, as far as is known."""
        return self._reflexive.part if self._birthday and self._reflexive else None

    @property
    def has_more_sockets(self) -> bool:
        """Tell whether there are sockets for `keep_sockets` to look at."""
        return bool(self._sockets.more)

    def keep_sockets(self, numbers: Collection[int]) -> None:
        """Close the sockets from which one address each is checked but these."""
        if self._sockets.more:
            self._sockets.more.keep(numbers)

    def send(self, datagram: DirectDatagram) -> None:
        """Send a datagram to a peer; what the system refuses is lost."""
        self._sockets.send(datagram)

    def keep(self, shared: UdpSocket) -> None:
        """Own the shared socket from now on: the relay is reached in another way."""
        self._sockets.keep(shared)

    def takes(self, data: bytes, source: SocketAddress) -> bool:
        """Take a datagram if it is meant for the search; tell whether it was."""
        if self._reflexive is None or not is_stun(data):
            return False
        self._reflexive.receive(data, source)
        return True

    def note_attempts(self, attempts: int) -> None:
        """Predict ports when an attempt has begun.

        Args:
            attempts: How many have begun with the peers that there are now.
        """
        has_begun, self._attempts = attempts > self._attempts, attempts
        if has_begun and self._reflexive is not None:
            self._reflexive.predict()

    def close(self) -> None:
        """Close the own sockets and end the search; harmless when closed."""
        if self._refresh is not None:
            self._refresh.cancel()
        if self._reflexive is not None:
            self._reflexive.close()
        if self._gateway is not None:
            self._gateway.close()
        if self._mapping is not None:
            self._mapping.cancel()
        self._sockets.close()

    async def removed(self) -> None:
        """Wait after `close` until no gateway forwards anything any more, at most a second."""
        if self._gateway is not None:
            await self._gateway.removed()

    def _map_port(self) -> None:
        """Ask the gateway to forward the IPv4 port, unless the user does not want that."""
        port = self._sockets.ipv4_port
        if port is None or os.environ.get(NO_PORT_MAPPING):
            return
        self._gateway = MappedPort(self._on_changed)
        self._mapping = asyncio.create_task(self._gateway.open(port), name="packhorse-map-port")

    def _look_again(self) -> None:
        """This machine may have moved."""
        self._refresh = self._loop.call_later(_REFRESH, self._look_again)
        self._on_changed()
