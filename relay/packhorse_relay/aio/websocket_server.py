"""WebSocket on the relay's port: connections in, datagrams out, and back."""

import asyncio
import logging
import socket
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Final

from websockets.frames import CloseCode
from websockets.http11 import Request

from packhorse.aio.udp import OnDatagram, SocketAddress
from packhorse.wire.address import TransportAddress, source_of
from packhorse_relay.aio.certificates import Certificates
from packhorse_relay.aio.server_stream import ServerStream
from packhorse_relay.core.connections import ConnectionEnd, ConnectionLimits
from packhorse_relay.core.forwarded import canonical_host, client_host
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.websocket_settings import WebSocketSettings

if sys.platform != "win32":
    import resource

logger = logging.getLogger(__name__)

_BACKLOG: Final = 256  # connections that wait to be accepted
_CHECK_INTERVAL: Final = 0.5  # seconds
_ACCEPT_PAUSE: Final = 1.0  # seconds after the system refused to accept: too many open files
_LEAVE_WITHIN: Final = 0.5  # seconds that members have to go by themselves; SPEC.md section 17.1
_CLOSE_WITHIN: Final = 2.0  # seconds
_SPARE_FILES: Final = 64  # open files that other parts of the relay need
_SEND_BUFFER: Final = 131072  # bytes that the kernel may hold for one reader
_LAST_NUMBER: Final = 65535


class WebSocketServer:
    """Takes connections; each is an address to the core: the client's host and a number."""

    def __init__(
        self,
        settings: WebSocketSettings,
        limits: Settings,
        receive: OnDatagram,
        has_session: Callable[[SocketAddress], bool],
    ) -> None:
        """Open nothing yet.

        Args:
            settings: Certificate and proxies.
            limits: Limits and timers.
            receive: Called with each datagram and the address of its connection.
            has_session: Tells whether a session is at an address.

        Raises:
            ConfigurationError: The certificate cannot be used.
        """
        self._settings = limits
        self._receive = receive
        self._has_session = has_session
        self._loop = asyncio.get_running_loop()
        self._limits = ConnectionLimits(limits, _most(limits), now=self._loop.time())
        self._trusted = _trusted(settings)
        self._certificates = (
            Certificates(settings.tls_cert, settings.tls_key) if settings.tls_cert else None
        )
        self._listeners: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: set[ServerStream] = set()
        self._by_address: dict[SocketAddress, ServerStream] = {}
        self._has_lost_one = asyncio.Event()
        self._last_number = 0
        self._dropped = 0
        self.ends: Counter[ConnectionEnd] = Counter()
        """Connections that the relay refused or ended, by reason."""

    @property
    def connection_count(self) -> int:
        """TCP connections, open WebSockets or not."""
        return len(self._limits)

    @property
    def dropped(self) -> int:
        """Datagrams that gave way to newer ones because their reader was too slow."""
        return self._dropped + sum(stream.dropped for stream in self._streams)

    @property
    def has_tls(self) -> bool:
        """Tell whether connections are encrypted."""
        return self._certificates is not None

    def change_proxies(self, settings: WebSocketSettings) -> None:
        """Believe other proxies from now on; TLS stays as it is."""
        self._trusted = _trusted(settings)

    def change_settings(self, settings: Settings) -> None:
        """Go by other limits and timers for those who come next."""
        self._settings = settings
        self._limits.change_settings(settings, _most(settings), now=self._loop.time())

    def listen(self, address: SocketAddress) -> None:
        """Bind one address.

        Raises:
            OSError: It cannot be had.
        """
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listeners.append(
            socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=False)
        )

    def start(self) -> None:
        """Accept connections on every address."""
        for listener in self._listeners:
            listener.setblocking(False)  # noqa: FBT003 - its one argument
            self._run(self._accept_forever(listener), "packhorse-accept")
        self._run(self._check_forever(), "packhorse-check")

    def sendto(self, data: bytes, address: SocketAddress) -> None:
        """Send a datagram to the connection with an address.

        Raises:
            ConnectionError: It is gone.
        """
        stream = self._by_address.get(address)
        if stream is None or not stream.send(data):
            raise ConnectionError

    def reload_certificates(self) -> None:
        """Use the certificate files as they are now; new connections get them."""
        if self._certificates is not None:
            self._certificates.reload()

    def stop_listening(self) -> None:
        """Take no more connections; harmless when there are none."""
        for task in self._tasks:
            task.cancel()
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    async def aclose(self) -> None:
        """End everything within 2.5 s; what was sent before goes out first.

        Members that were told of the end of their session go by themselves. Some would
        never see what comes together with a close frame: the WebSocket of Godot hides it.
        """
        self.stop_listening()
        await self._wait_until_gone(_LEAVE_WITHIN)
        for stream in list(self._streams):
            stream.close(CloseCode.GOING_AWAY)
        await self._wait_until_gone(_CLOSE_WITHIN)
        for stream in list(self._streams):
            stream.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait_until_gone(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._streams:
                    self._has_lost_one.clear()
                    await self._has_lost_one.wait()

    async def _accept_forever(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, peer = await self._loop.sock_accept(listener)
            except OSError as error:
                logger.warning("accepting a connection failed: %s", error.strerror or error)
                await asyncio.sleep(_ACCEPT_PAUSE)
                continue
            self._take(sock, canonical_host(peer[0]) or peer[0])
            await asyncio.sleep(0)  # a flood of connections must not keep datagrams waiting

    def _take(self, sock: socket.socket, peer: str) -> None:
        """Count an accepted connection and let it begin, or close it."""
        source = None if peer in self._trusted else _source(peer)
        refused = self._limits.accept(source, now=self._loop.time())
        if refused is not None:
            self.ends[refused] += 1
            sock.close()
            return
        stream = ServerStream(peer, self._settings)
        stream.source = source
        stream.on_request = self._open
        stream.on_end = self._forget
        self._streams.add(stream)
        on_done = partial(self._on_begun, stream, sock)
        self._run(self._begin(stream, sock), "packhorse-begin", on_done)

    async def _begin(self, stream: ServerStream, sock: socket.socket) -> None:
        """Hand the socket to the loop; with TLS that takes the other side's help."""
        timeout = self._settings.websocket_open_timeout if self._certificates else None
        context = self._certificates.context if self._certificates else None
        try:
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: stream, sock, ssl=context, ssl_handshake_timeout=timeout
            )
        except OSError:  # ssl.SSLError is one too
            self._forget(stream, ConnectionEnd.NOT_OPENED)

    def _on_begun(
        self, stream: ServerStream, sock: socket.socket, task: "asyncio.Task[None]"
    ) -> None:
        if task.cancelled():  # perhaps before its first step
            sock.close()
            self._forget(stream, None)

    def _open(self, stream: ServerStream, request: Request) -> ConnectionEnd | None:
        """Give a connection that becomes a WebSocket its address."""
        host = client_host(stream.peer, request.headers.get_all("X-Forwarded-For"), self._trusted)
        if stream.source is None:
            source = _source(host)
            refused = self._limits.assign(source)
            if refused is not None:
                return refused
            stream.source = source
        address = self._free_address(host)
        if address is None:
            return ConnectionEnd.TOO_MANY_OF_SOURCE
        stream.address = address
        stream.on_datagram = partial(self._take_datagram, address)
        self._by_address[address] = stream
        return None

    def _take_datagram(self, address: SocketAddress, data: bytes) -> None:
        self._receive(data, address)

    def _free_address(self, host: str) -> SocketAddress | None:
        """Return an address that neither a connection nor a session of a former one has."""
        for _ in range(_LAST_NUMBER):
            self._last_number = self._last_number % _LAST_NUMBER + 1
            address = (host, self._last_number)
            if address not in self._by_address and not self._has_session(address):
                return address
        return None

    def _forget(self, stream: ServerStream, cause: ConnectionEnd | None) -> None:
        if stream not in self._streams:
            return
        self._streams.remove(stream)
        self._limits.release(stream.source)
        self._has_lost_one.set()
        self._dropped += stream.dropped
        if stream.address is not None:
            del self._by_address[stream.address]
        if cause is not None:
            self.ends[cause] += 1

    async def _check_forever(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_INTERVAL)
            now = self._loop.time()
            for stream in list(self._streams):
                has_session = stream.address is not None and self._has_session(stream.address)
                stream.check(has_session=has_session, now=now)
            if self._certificates is not None:
                self._certificates.reload_if_changed(now=now)

    def _run(
        self,
        work: Coroutine[None, None, None],
        name: str,
        on_done: "Callable[[asyncio.Task[None]], None]" = lambda _task: None,
    ) -> None:
        task: asyncio.Task[None] = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        task.add_done_callback(on_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s ended: this is a bug", task.get_name(), exc_info=error)


def _source(host: str) -> bytes:
    return source_of(TransportAddress(host, 0))


def _trusted(settings: WebSocketSettings) -> set[str]:
    return {canonical_host(proxy) or proxy for proxy in settings.trusted_proxies}


def _most(settings: Settings) -> int:
    """Return how many connections the limit on open files allows."""
    if sys.platform == "win32":
        return settings.websocket_max_connections
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return settings.websocket_max_connections
    return min(settings.websocket_max_connections, max(1, files - _SPARE_FILES))
