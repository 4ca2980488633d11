"""Pipes over a UDP socket: one that connects, one that listens."""

import asyncio
import secrets
from collections import Counter
from typing import Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.pipes.greeting import Close, Cookie, Frame, Hello, decode, encode_cookie
from packhorse.core.pipes.proof import is_valid_cookie, make_cookie
from packhorse.pipes.datagrams import DatagramPipe, PlainPipe, SessionPipe
from packhorse.pipes.listener import PipeListener
from packhorse.pipes.paths import PathKind
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, Mode
from packhorse.wire.errors import LocalProtocolError, ParseError

_SECRET_SIZE: Final = 32  # bytes


class UdpCarrier:
    """Datagrams of one pipe; the socket is its own, or its listener's."""

    kind = PathKind.DIRECT

    def __init__(self, socket: UdpSocket, remote: SocketAddress, *, is_own: bool) -> None:
        self._socket = socket
        self._remote = remote
        self._is_own = is_own

    @property
    def local(self) -> TransportAddress:
        """Own address."""
        return TransportAddress(*self._socket.local_address)

    @property
    def remote(self) -> TransportAddress:
        """Where datagrams go."""
        return TransportAddress(*self._remote)

    def send(self, data: bytes) -> bool:
        """Send a datagram; False when the system refuses."""
        return self._socket.send(data, None if self._is_own else self._remote)

    def move(self, address: TransportAddress) -> None:
        """Send to another address from now on."""
        self._remote = (address.host, address.port)

    async def aclose(self) -> None:
        """Close the socket, if it is the pipe's own."""
        if self._is_own:
            self._socket.close()


async def connect_udp(
    host: str,
    port: int,
    mode: Mode | None,
    timeout: float,  # noqa: ASYNC109 - passed on
    bind: str | None = None,
) -> DatagramPipe:
    """Return a pipe to a UDP address; with a mode it is open, plain it need not be.

    Raises:
        OSError: The address cannot be had.
        PipeClosedError: Nobody answered within `timeout` seconds.
    """
    remote: SocketAddress = (host, port)
    pipes: list[DatagramPipe] = []

    def take(data: bytes, source: SocketAddress) -> None:
        for pipe in pipes:
            pipe.take_datagram(data, TransportAddress(*source))

    local = None if bind is None else (bind, 0)
    socket = await UdpSocket.open(take, bind=local, connect=remote)
    carrier = UdpCarrier(socket, remote, is_own=True)
    if mode is None:
        plain = PlainPipe(carrier)
        pipes.append(plain)
        return plain
    pipe = SessionPipe(carrier, mode, timeout=timeout)
    pipes.append(pipe)
    try:
        await pipe.opened()
    except BaseException:
        await pipe.aclose()
        raise
    return pipe


class UdpListener(PipeListener):
    """Accepts pipes on one UDP socket; keeps nothing of an address that is not proven."""

    def __init__(self, mode: Mode | None) -> None:
        super().__init__()
        self.drops: Counter[DropReason] = Counter()
        """Datagrams that were not acted upon, by reason."""
        self._mode = mode
        self._secret = secrets.token_bytes(_SECRET_SIZE)
        self._loop = asyncio.get_running_loop()
        self._pipes: dict[bytes | TransportAddress, DatagramPipe] = {}
        self._askers: dict[bytes, bytes] = {}  # their ids -> ours
        self._socket: UdpSocket | None = None

    async def open(self, host: str, port: int) -> None:
        """Bind the socket.

        Raises:
            OSError: The address cannot be had.
        """
        self._socket = await UdpSocket.open(self._take, bind=(host, port))

    @property
    def local(self) -> TransportAddress:
        """Where it listens."""
        return TransportAddress(*self._bound.local_address)

    @property
    def _bound(self) -> UdpSocket:
        if self._socket is None:
            raise LocalProtocolError("the listener is not open")
        return self._socket

    @property
    def address(self) -> str:
        """What `open_pipe` takes, as seen from this machine."""
        return f"udp://{_bracketed(self.local)}"

    def _take(self, data: bytes, address: SocketAddress) -> None:
        source = TransportAddress(*address)
        if self._mode is None:
            self._take_plain(data, source)
            return
        try:
            self._take_session(data, source)
        except ParseError as error:
            self.drops[error.reason] += 1

    def _take_plain(self, data: bytes, source: TransportAddress) -> None:
        pipe = self._pipes.get(source)
        if pipe is None:
            if not self._has_place(source):
                return
            pipe = PlainPipe(UdpCarrier(self._bound, (source.host, source.port), is_own=False))
            self._enter(source, pipe, source)
            self._accept(pipe)
        pipe.take_datagram(data, source)

    def _take_session(self, data: bytes, source: TransportAddress) -> None:
        match decode(data):
            case Hello() as hello:
                self._greet(hello, data, source)
            case Frame(receiver) | Close(receiver):
                self._hand_on(receiver, data, source)
            case Cookie():
                raise ParseError(DropReason.UNEXPECTED_MESSAGE)

    def _greet(self, hello: Hello, data: bytes, source: TransportAddress) -> None:
        known = self._askers.get(hello.own)
        if known is not None:
            self._hand_on(known, data, source)
            return
        now = self._loop.time()
        if not is_valid_cookie(hello.cookie, self._secret, source, hello.own, now=now):
            self._send_cookie(hello, source, now)
        elif self._has_place(source):
            self._open_session(hello, data, source)

    def _send_cookie(self, hello: Hello, source: TransportAddress, now: float) -> None:
        cookie = make_cookie(self._secret, source, hello.own, now=now)
        self._bound.send(encode_cookie(Cookie(hello.own, cookie)), (source.host, source.port))

    def _open_session(self, hello: Hello, data: bytes, source: TransportAddress) -> None:
        carrier = UdpCarrier(self._bound, (source.host, source.port), is_own=False)
        pipe = SessionPipe(carrier, self._mode or Mode.RELIABLE, peer=hello.own)
        self._askers[hello.own] = pipe.own_id
        self._enter(pipe.own_id, pipe, source)
        pipe.on_close(lambda _error: self._askers.pop(hello.own, None))
        pipe.take_datagram(data, source)

    def _hand_on(self, receiver: bytes, data: bytes, source: TransportAddress) -> None:
        pipe = self._pipes.get(receiver)
        if not isinstance(pipe, SessionPipe):
            raise ParseError(DropReason.UNKNOWN_SESSION)
        was_open = pipe.is_open
        pipe.take_datagram(data, source)
        if pipe.is_open and not was_open:
            self._accept(pipe)

    def _has_place(self, source: TransportAddress) -> bool:
        if self._may_accept(source):
            return True
        self.drops[DropReason.BUFFER_FULL] += 1
        return False

    def _enter(
        self, key: bytes | TransportAddress, pipe: DatagramPipe, source: TransportAddress
    ) -> None:
        self._pipes[key] = pipe
        self._count(source, pipe)
        pipe.on_close(lambda _error: self._pipes.pop(key, None))

    async def _shut(self) -> None:
        for pipe in list(self._pipes.values()):
            await pipe.aclose()
        if self._socket is not None:
            self._socket.close()


def _bracketed(address: TransportAddress) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
