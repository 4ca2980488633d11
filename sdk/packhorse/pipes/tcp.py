"""Pipes over TCP or TLS: messages with a length before them, or the bytes as they come."""

import asyncio
import socket
import ssl
import struct
import sys
from contextlib import suppress
from typing import Final, cast

from packhorse.pipes.listener import PipeListener
from packhorse.pipes.paths import PathKind, PipePath
from packhorse.pipes.pipe import Pipe
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import MAX_RELIABLE_MESSAGE
from packhorse.wire.errors import LocalProtocolError, PipeClosedError, PipeLostError

_LENGTH: Final = struct.Struct(">I")  # bytes of the message that follows
_READ_LIMIT: Final = 1 << 20  # bytes that wait for the application; then the sender waits
_WRITE_LIMIT: Final = 256 * 1024  # bytes that wait for the network; then `send` waits
_CLOSE_WITHIN: Final = 1.0  # seconds that closing waits for what was sent
_TCP_INFO_RTT: Final = (68, struct.Struct("I"))  # offset and form in struct tcp_info, microseconds


class TcpPipe(Pipe, asyncio.Protocol):
    """One connection."""

    def __init__(self, *, is_stream: bool) -> None:
        """Wait for the transport.

        Args:
            is_stream: The bytes as they come, without lengths.
        """
        super().__init__(is_reliable=True)
        self._is_stream = is_stream
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._waiting_bytes = 0
        self._is_full = False
        self._is_gone = asyncio.Event()

    @property
    def path(self) -> PipePath:
        """The two addresses, and the system's RTT where it tells it."""
        return PipePath(PathKind.TCP, self._end("sockname"), self._end("peername"), self._rtt())

    @property
    def is_idle(self) -> bool:
        """Tell whether all was handed to the system."""
        return self._transport is None or self._transport.get_write_buffer_size() == 0

    def try_send(self, data: bytes) -> bool:
        """Send a message at once; False when there is no place for it now.

        Raises:
            LocalProtocolError: It is over 16 MiB.
            PipeClosedError: The pipe has ended.
        """
        self._raise_if_closed()
        if len(data) > MAX_RELIABLE_MESSAGE:
            raise LocalProtocolError(
                f"message of {len(data)} bytes, must be at most {MAX_RELIABLE_MESSAGE}"
            )
        if self._is_full or self._transport is None:
            return False
        self._transport.write(data if self._is_stream else _LENGTH.pack(len(data)) + data)
        return True

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_WRITE_LIMIT, 0)
        sock = transport.get_extra_info("socket")
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self._is_stream:
            self._hand_on(data)
        else:
            self._buffer += data
            self._split()
        if self._waiting_bytes > _READ_LIMIT and self._transport is not None:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Let `send` wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Let `send` go on; with 0 as the lower limit it also means that all has left."""
        self._is_full = False
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the pipe."""
        self._is_gone.set()
        if exc is not None:
            self._finish(PipeLostError(f"the connection broke: {exc}"))
        elif self._buffer:
            self._finish(PipeLostError("the connection ended within a message"))
        else:
            self._finish(PipeClosedError("the other end closed it"))
        self._tell()

    # Own affairs.

    def _split(self) -> None:
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if length > MAX_RELIABLE_MESSAGE:
                self._refuse(length)
                return
            end = start + _LENGTH.size + length
            if end > len(self._buffer):
                break
            self._hand_on(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]

    def _refuse(self, length: int) -> None:
        self._finish(PipeLostError(f"a message of {length} bytes was announced"))
        if self._transport is not None:
            self._transport.abort()

    def _hand_on(self, data: bytes) -> None:
        self._waiting_bytes += len(data)
        self._deliver(data)

    def _on_taken(self, data: bytes) -> None:
        self._waiting_bytes -= len(data)
        if self._waiting_bytes <= _READ_LIMIT and self._transport is not None:
            self._transport.resume_reading()

    def _end(self, name: str) -> TransportAddress | None:
        address = None if self._transport is None else self._transport.get_extra_info(name)
        return None if address is None else TransportAddress(*address[:2])

    def _rtt(self) -> float | None:
        if self._transport is None or sys.platform != "linux":
            return None
        offset, form = _TCP_INFO_RTT
        try:
            sock = self._transport.get_extra_info("socket")
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, offset + form.size)
        except OSError:  # it is closed
            return None
        return float(form.unpack_from(info, offset)[0]) / 1e6

    async def _shut(self) -> None:
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(_CLOSE_WITHIN):
                await self._is_gone.wait()
        except TimeoutError:
            self._transport.abort()


async def connect_tcp(
    host: str,
    port: int,
    *,
    is_stream: bool,
    tls: ssl.SSLContext | None = None,
    sock: socket.socket | None = None,
    bind: str | None = None,
) -> TcpPipe:
    """Return a pipe over a new connection, or over `sock`, which is connected.

    Raises:
        OSError: It cannot be made; a certificate that does not fit is one such error.
    """
    loop = asyncio.get_running_loop()
    if sock is not None:
        _, pipe = await loop.create_connection(lambda: TcpPipe(is_stream=is_stream), sock=sock)
        return pipe
    name = host if tls is not None else None
    _, pipe = await loop.create_connection(
        lambda: TcpPipe(is_stream=is_stream),
        host,
        port,
        ssl=tls,
        server_hostname=name,
        local_addr=None if bind is None else (bind, 0),
    )
    return pipe


class TcpListener(PipeListener):
    """Accepts connections."""

    def __init__(self, *, is_stream: bool, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.refused = 0
        """Connections that found no place."""
        self._is_stream = is_stream
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._pipes: set[TcpPipe] = set()

    async def open(self, host: str, port: int) -> None:
        """Bind the socket.

        Raises:
            OSError: The address cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_pipe, host, port, ssl=self._tls)

    @property
    def address(self) -> str:
        """What `open_pipe` takes, as seen from this machine."""
        if self._server is None:
            raise LocalProtocolError("the listener is not open")
        host, port = self._server.sockets[0].getsockname()[:2]
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"{'tls' if self._tls else 'tcp'}://{where}"

    def _new_pipe(self) -> "_AcceptedPipe":
        return _AcceptedPipe(self, is_stream=self._is_stream)

    def enter(self, pipe: TcpPipe) -> bool:
        """Take a connection on; False when there is no place."""
        source = pipe.path.remote
        if source is None or not self._may_accept(source):
            self.refused += 1
            return False
        self._pipes.add(pipe)
        self._count(source, pipe)
        pipe.on_close(lambda _error: self._pipes.discard(pipe))
        self._accept(pipe)
        return True

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        for pipe in list(self._pipes):
            await pipe.aclose()


class _AcceptedPipe(TcpPipe):
    """Tells its listener when it is connected."""

    def __init__(self, listener: TcpListener, *, is_stream: bool) -> None:
        super().__init__(is_stream=is_stream)
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a place."""
        super().connection_made(transport)
        if not self._listener.enter(self):
            cast("asyncio.Transport", transport).abort()
