"""A running relay: sockets around the core and a data plane."""

import asyncio
import errno
import hashlib
import logging
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final, Self

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse_relay.core.relay import RelayCore
from packhorse_relay.core.relay_events import RelayEvent, SessionEnded, SessionStarted
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.tickets import Gate, OperatorKeys
from packhorse_relay.dataplane.portable import PortablePlane

logger = logging.getLogger(__name__)

_BIND_TRIES: Final = 16  # free ports that are tried when one port must be free on every address


class RelayServer:
    """An async context manager that relays while it is open."""

    def __init__(
        self,
        *,
        bind: Sequence[str],
        port: int,
        settings: Settings | None = None,
        keys: OperatorKeys | None = None,
        with_legacy: bool = False,
    ) -> None:
        self._bind = tuple(bind)
        self._port = port
        self._settings = settings or Settings()
        self._gate = Gate(self._settings.tickets, keys or OperatorKeys(), time.time)
        self._with_legacy = with_legacy
        self._sockets: list[UdpSocket] = []
        self._timer: asyncio.TimerHandle | None = None
        self._internal_errors = 0

    @property
    def addresses(self) -> list[SocketAddress]:
        """Where the relay listens."""
        return [sock.local_address for sock in self._sockets]

    @property
    def port(self) -> int:
        """The port that the relay has, on every address."""
        return self._sockets[0].local_address[1]

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were not acted upon, by reason."""
        extra = {
            DropReason.SEND_FAILED: self._plane.send_failures,
            DropReason.INTERNAL_ERROR: self._internal_errors,
        }
        return self._core.drops + Counter(extra)

    @property
    def datagrams_forwarded(self) -> int:
        """Datagrams that were forwarded, by the data plane and by the core."""
        return self._plane.datagrams_forwarded + self._core.datagrams_forwarded

    @property
    def room_count(self) -> int:
        """Live rooms."""
        return self._core.room_count

    @property
    def session_count(self) -> int:
        """Live sessions."""
        return self._core.session_count

    async def __aenter__(self) -> Self:
        """Open the sockets.

        Raises:
            OSError: An address or the port cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        self._own_addresses: set[SocketAddress] = set()
        legacy = LegacyRoom(self._own_addresses) if self._with_legacy else None
        self._core = RelayCore(
            self._settings, secrets.token_bytes, legacy, self._gate, now=self._loop.time()
        )
        self._plane = PortablePlane(self._core.table, self._receive)
        await self._open_sockets()
        self._own_addresses |= set(self.addresses)
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._core.close(now=self._loop.time())
        self._pump()
        if self._timer is not None:
            self._timer.cancel()
        self._close_sockets()

    async def _open_sockets(self) -> None:
        for tries_left in reversed(range(_BIND_TRIES)):
            try:
                await self._bind_all(self._port)
            except OSError as error:
                self._close_sockets()
                is_unlucky = self._port == 0 and error.errno == errno.EADDRINUSE
                if not (is_unlucky and tries_left):
                    raise
            else:
                return

    async def _bind_all(self, port: int) -> None:
        for listener, host in enumerate(self._bind):
            receive = self._plane.receiver(listener)
            sock = await UdpSocket.open(receive, bind=(host, port))
            self._sockets.append(sock)
            port = sock.local_address[1]
        self._plane.use_sockets([sock.sendto for sock in self._sockets])

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    def _receive(self, data: bytes, source: SocketAddress, listener: int) -> None:
        """Hand the core what the data plane had no route for."""
        try:
            address = TransportAddress(*source, listener)
            self._core.receive_datagram(data, address, now=self._loop.time())
            self._pump()
        except Exception:
            self._internal_errors += 1
            if self._internal_errors == 1:  # one traceback tells it all; the count tells the rest
                logger.exception("a datagram of %s bytes raised: this is a bug", len(data))

    def _handle_timeout(self) -> None:
        self._timer = None
        self._core.handle_timeout(now=self._loop.time())
        self._pump()

    def _pump(self) -> None:
        for datagram, address in self._core.datagrams_to_send():
            if not self._sockets[address.listener].send(datagram, (address.host, address.port)):
                self._plane.send_failures += 1
        while (event := self._core.next_event()) is not None:
            _log(event)
        self._arm()

    def _arm(self) -> None:
        """Set the timer; one that fires early is harmless, so later deadlines cost nothing."""
        deadline = self._core.next_timeout()
        if deadline is None:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._handle_timeout)


def _log(event: RelayEvent) -> None:
    """Log who came and went; a room code is a secret, so only four digits of its hash."""
    label = hashlib.sha256(event.code.encode()).hexdigest()[:4]
    match event:
        case SessionStarted(peer=peer):
            logger.info("room %s: peer %s joined", label, peer)
        case SessionEnded(peer=peer, cause=cause):
            logger.info("room %s: peer %s ended (code %s)", label, peer, cause)
