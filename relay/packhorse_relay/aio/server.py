"""A running relay: sockets around the core and a data plane."""

import asyncio
import errno
import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, FirstByte
from packhorse_relay.aio.flood_guard import FloodGuard
from packhorse_relay.aio.own_addresses import OwnAddresses
from packhorse_relay.aio.source_addresses import prefer_stable_address
from packhorse_relay.aio.stun_ports import StunPorts
from packhorse_relay.aio.websocket_server import WebSocketServer
from packhorse_relay.core.connections import ConnectionEnd
from packhorse_relay.core.relay import RelayCore
from packhorse_relay.core.relay_events import RelayEvent, SessionEnded, SessionStarted
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.rooms import Room, label_of
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.stray_budgets import StrayBudgets
from packhorse_relay.core.tickets import Gate, OperatorKeys
from packhorse_relay.core.websocket_settings import WebSocketSettings
from packhorse_relay.dataplane.choice import AUTO, choose
from packhorse_relay.dataplane.contract import SendTo
from packhorse_relay.state import load_secret

logger = logging.getLogger(__name__)

_WITH_WEBSOCKET: Final = WebSocketSettings()
_CONTROL: Final = frozenset({bytes([FirstByte.CTRL]), bytes([FirstByte.SEAL])})
_BUFFER_SIZE: Final = 4 << 20  # bytes; what comes while the process has to wait a moment
_BIND_TRIES: Final = 16  # free ports that are tried when one port must be free on every address


class RelayServer:
    """An async context manager that relays while it is open."""

    def __init__(  # noqa: PLR0913 - all by keyword
        self,
        *,
        bind: Sequence[str],
        port: int,
        settings: Settings | None = None,
        keys: OperatorKeys | None = None,
        with_legacy: bool = False,
        websocket: WebSocketSettings | None = _WITH_WEBSOCKET,
        state_dir: Path | None = None,
        stun_port: int = 0,
        dataplane: str = AUTO,
        kernel_attach: str = "tcx",
    ) -> None:
        """Open nothing yet.

        Args:
            bind: IP addresses to listen on.
            port: UDP port, and TCP port for WebSocket; 0 takes a free one.
            settings: Limits and timers.
            keys: What tickets and access proofs are checked by.
            with_legacy: Also speak the legacy protocol.
            websocket: Certificate and proxies; None: UDP only.
            state_dir: Where the secret is that lets sessions survive a restart; None: nowhere.
            stun_port: Second UDP port, for STUN; 0: none; `NEXT_PORT`: after the first.
            dataplane: One of `choice.NAMES`.
            kernel_attach: One of `choice.ATTACH_NAMES`.

        Raises:
            ConfigurationError: The settings ask for tickets, but there is no key; or this
                system cannot run the data plane.
        """
        self._new_plane = choose(dataplane, kernel_attach)
        self._bind = tuple(bind)
        self._port = port
        self._settings = settings or Settings()
        self._gate = Gate(self._settings.tickets, keys or OperatorKeys(), time.time)
        self._with_legacy = with_legacy
        self._websocket_settings = websocket
        self._websocket: WebSocketServer | None = None
        self._state_dir = state_dir
        self._sockets: list[UdpSocket] = []
        has_websocket = websocket is not None
        self._stun_ports = StunPorts(stun_port, len(self._bind) + has_websocket)
        self._sends = list[SendTo]()
        self._timer: asyncio.TimerHandle | None = None
        self._internal_errors = 0
        self._has_received = False
        self._has_ended = asyncio.Event()

    @property
    def addresses(self) -> list[SocketAddress]:
        """Where the relay listens."""
        return [sock.local_address for sock in self._sockets]

    @property
    def port(self) -> int:
        """The port that the relay has, on every address."""
        return self._sockets[0].local_address[1]

    @property
    def stun_port(self) -> int | None:
        """The second port, for STUN; None without one."""
        return self._stun_ports.port

    @property
    def settings(self) -> Settings:
        """Limits in force."""
        return self._settings

    @property
    def rooms(self) -> Collection[Room]:
        """Live rooms; read-only for others."""
        self._plane.note_forwarded()
        return self._core.rooms

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were not acted upon, by reason."""
        extra = {
            DropReason.SEND_FAILED: self._plane.send_failures,
            DropReason.INTERNAL_ERROR: self._internal_errors,
            DropReason.UNREAD: self._guard.unread,
            DropReason.BUFFER_FULL: self._websocket.dropped if self._websocket else 0,
        }
        return self._core.drops + Counter(extra)

    @property
    def datagrams_forwarded(self) -> int:
        """Datagrams that were forwarded, by the data plane and by the core."""
        self._plane.note_forwarded()
        return self._plane.datagrams_forwarded + self._core.datagrams_forwarded

    @property
    def dataplane(self) -> str:
        """Name of the data plane."""
        return self._new_plane.name

    @property
    def websocket_scheme(self) -> str | None:
        """`ws`, or `wss` with TLS; None where there is no WebSocket."""
        if self._websocket is None:
            return None
        return "wss" if self._websocket.has_tls else "ws"

    @property
    def websocket_count(self) -> int:
        """TCP connections, open WebSockets or not."""
        return self._websocket.connection_count if self._websocket else 0

    @property
    def websocket_ends(self) -> Counter[ConnectionEnd]:
        """WebSocket connections that the relay refused or ended, by reason."""
        return self._websocket.ends if self._websocket else Counter()

    def reload_certificates(self) -> None:
        """Use the TLS certificate as its files are now; a failure is logged, the old one stays."""
        if self._websocket is not None:
            self._websocket.reload_certificates()

    @property
    def room_count(self) -> int:
        """Live rooms."""
        return self._core.room_count

    @property
    def session_count(self) -> int:
        """Live sessions."""
        return self._core.session_count

    def change_settings(self, settings: Settings, keys: OperatorKeys) -> None:
        """Go by other limits and keys from now on, without touching a room.

        Raises:
            ConfigurationError: The settings ask for tickets, but there is no key; nothing
                was changed.
        """
        self._gate.change(settings.tickets, keys)
        self._settings = settings
        self._plane.call_in()  # before budgets get other rates
        self._core.change_settings(settings, now=self._loop.time())
        if self._websocket is not None:
            self._websocket.change_settings(settings)

    def change_proxies(self, settings: WebSocketSettings) -> None:
        """Believe other proxies of WebSocket from now on; TLS stays as it is."""
        if self._websocket is not None:
            self._websocket.change_proxies(settings)

    async def __aenter__(self) -> Self:
        """Open the sockets.

        Raises:
            OSError: An address or the port cannot be had.
            ConfigurationError: The certificate, the state directory or the data plane cannot
                be used.
        """
        self._loop = asyncio.get_running_loop()
        own_addresses = OwnAddresses()
        legacy = LegacyRoom(own_addresses) if self._with_legacy else None
        if self._state_dir is None:
            logger.info("no state directory: sessions do not survive a restart of the relay")
        stream_listener = None if self._websocket_settings is None else len(self._bind)
        self._core = RelayCore(
            self._settings,
            secrets.token_bytes,
            legacy,
            self._gate,
            secret=None if self._state_dir is None else load_secret(self._state_dir),
            unix_now=time.time(),
            stream_listener=stream_listener,
            now=self._loop.time(),
        )
        self._strays = StrayBudgets(
            self._core.table,
            random.random,
            stream_listener=stream_listener,
            with_legacy=self._with_legacy,
            now=self._loop.time(),
        )
        self._guard = FloodGuard(self._core.table, self._strays)
        self._plane = self._new_plane(self._core.table, self._receive)
        await self._open_sockets()
        await self._open_stun_ports()
        self._read_sockets()
        self._guard.watch(dict(enumerate(self._sockets)) | self._stun_ports.by_listener)
        own_addresses.listen_on(self.addresses)
        if self._websocket is not None:
            self._websocket.start()
        return self

    async def drain(self) -> None:
        """Open no more rooms; return when all sessions have ended or `drain_time` is over.

        Cancelling is safe: the sessions that are left end with the server.
        """
        self._core.drain(self._settings.drain_time, now=self._loop.time())
        self._pump()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_time):
                while self.session_count:
                    self._has_ended.clear()
                    await self._has_ended.wait()

    async def __aexit__(self, *_exc_info: object) -> None:
        self._core.close(now=self._loop.time())
        self._pump()
        self._plane.close()
        self._guard.close()
        self._close_sockets()
        if self._websocket is not None:
            await self._websocket.aclose()
        self._has_received = False
        if self._timer is not None:
            self._timer.cancel()

    def _read_sockets(self) -> None:
        try:
            self._plane.read(self._sockets)
        except BaseException:
            self._plane.close()
            self._close_sockets()
            raise

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

    async def _open_stun_ports(self) -> None:
        try:
            await self._stun_ports.open(
                self._bind,
                self.port,
                is_data_port_free=self._port == 0,
                receive=self._receive,
            )
        except BaseException:
            self._close_sockets()
            raise
        self._sends += [sock.sendto for sock in self._stun_ports.sockets]
        self._stun_ports.introduce(self._core.stun)

    async def _bind_all(self, port: int) -> None:
        self._websocket = self._new_websocket()
        for listener, host in enumerate(self._bind):
            receive = self._plane.receiver(listener)
            sock = await UdpSocket.open(receive, bind=(host, port), buffer=_BUFFER_SIZE)
            prefer_stable_address(sock.socket)
            self._sockets.append(sock)
            port = sock.local_address[1]
            if self._websocket is not None:
                self._websocket.listen((host, port))
        self._sends = [sock.sendto for sock in self._sockets]
        if self._websocket is not None:
            self._sends.append(self._websocket.sendto)
        self._plane.use_sockets(self._sends)

    def _new_websocket(self) -> WebSocketServer | None:
        """Return the WebSocket side; to core and data plane it is the last listener."""
        if self._websocket_settings is None:
            return None
        listener, table = len(self._bind), self._core.table
        return WebSocketServer(
            self._websocket_settings,
            self._settings,
            self._plane.receiver(listener),
            lambda address: table.has_endpoint_at(TransportAddress(*address, listener)),
        )

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets = []
        self._stun_ports.close()
        if self._websocket is not None:
            self._websocket.stop_listening()

    def _receive(self, data: bytes, source: SocketAddress, listener: int) -> None:
        """Hand the core what the data plane had no route for."""
        try:
            if not self._has_received:
                self._has_received = True
                self._loop.call_soon(self._answer)  # once for all that came together
            address, now = TransportAddress(*source, listener), self._loop.time()
            if not self._strays.admit(data, address, now=now):
                return
            self._core.receive_datagram(data, address, now=now)
            if data[:1] not in _CONTROL or listener >= len(self._sockets):
                self._pump()  # before the data plane overtakes it with what follows
        except Exception:
            self._internal_errors += 1
            if self._internal_errors == 1:  # one traceback tells it all; the count tells the rest
                logger.exception("a datagram of %s bytes raised: this is a bug", len(data))

    def _answer(self) -> None:
        if self._has_received:
            self._has_received = False
            self._guard.look()
            self._pump()

    def _handle_timeout(self) -> None:
        self._timer = None
        self._core.handle_timeout(now=self._loop.time())
        self._pump()

    def _pump(self) -> None:
        for datagram, address in self._core.datagrams_to_send():
            try:
                self._sends[address.listener](datagram, (address.host, address.port))
            except OSError:
                self._plane.send_failures += 1
        while (event := self._core.next_event()) is not None:
            _log(event)
            self._has_ended.set()
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
    """Log who came and went; a room code is a secret."""
    label = label_of(event.code)
    match event:
        case SessionStarted(peer=peer):
            logger.info("room %s: peer %s joined", label, peer, extra={"source": label})
        case SessionEnded(peer=peer, cause=cause):
            text = "room %s: peer %s ended (code %s)"
            logger.info(text, label, peer, cause, extra={"source": label})
