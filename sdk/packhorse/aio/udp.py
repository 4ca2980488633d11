"""UDP sockets on the event loop: the relay's and the members'."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Self, cast

from packhorse.aio.segmentation import SegmentingSender, equal_runs

SocketAddress = tuple[str, int]
OnDatagram = Callable[[bytes, SocketAddress], None]

_DRAIN: Final = 64  # datagrams per wake-up; then timers and other sockets get their turn
_RECEIVE_SIZE: Final = 2048  # bytes; a longer datagram arrives cut, and is refused for its length
ANY_HOST: Final = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - peers are anywhere
_BUFFER_SIZE: Final = 1 << 20
# SO_RCVBUFFORCE and SO_SNDBUFFORCE: the same whatever the system's limit, for the privileged.
_FORCED: Final = (33, 32) if sys.platform == "linux" else ()


class UdpSocket:
    """A bound or connected UDP socket whose datagrams go to a callback.

    Where the event loop can watch a socket, it is drained directly, which costs about
    half of what a transport does; elsewhere (Windows) a transport is used.
    """

    def __init__(self, sock: socket.socket, on_datagram: OnDatagram) -> None:
        self._socket = sock
        self._on_datagram = on_datagram
        self._is_v6 = sock.family == socket.AF_INET6
        self._transport: asyncio.DatagramTransport | None = None
        self._is_closed = False
        self._segmenting = SegmentingSender(sock)
        self.sendto: Callable[[bytes, SocketAddress], object] = sock.sendto
        """Send one datagram; raises `OSError` when the system refuses."""
        self.received = 0
        """Datagrams that were read."""
        self.on_error: Callable[[OSError], None] = lambda _error: None
        """Called with what `send` or reading met, such as an ICMP answer to an earlier send."""
        self.on_drained: Callable[[], None] = lambda: None
        """Called when nothing is left to be read, or others must have their turn first."""

    @classmethod
    async def open(
        cls,
        on_datagram: OnDatagram,
        *,
        bind: SocketAddress | None = None,
        connect: SocketAddress | None = None,
        buffer: int = _BUFFER_SIZE,
    ) -> Self:
        """Open a socket and start to read it.

        Args:
            on_datagram: Called with each datagram and its source.
            bind: Local address literal and port; port 0 takes a free one.
            connect: Remote address literal and port; the socket takes only its datagrams.
            buffer: Bytes wanted of the kernel each way, which may grant less.

        Raises:
            OSError: The address cannot be had.
        """
        family_of = bind or connect or ("0.0.0.0", 0)  # noqa: S104 - only its family
        sock = _new_socket(family_of[0], buffer)
        try:
            if bind is not None:
                sock.bind(bind)
            if connect is not None:
                sock.connect(connect)
            udp = cls(sock, on_datagram)
            await udp._start()
        except BaseException:
            sock.close()
            raise
        return udp

    @property
    def local_address(self) -> SocketAddress:
        """Own address and port."""
        return cast("SocketAddress", self._socket.getsockname()[:2])

    @property
    def is_closed(self) -> bool:
        """Tell whether `close` was called."""
        return self._is_closed

    @property
    def socket(self) -> socket.socket:
        """The socket itself, for its options."""
        return self._socket

    def send(self, data: bytes, address: SocketAddress | None = None) -> bool:
        """Send one datagram; False when the system refused it."""
        try:
            if address is None:
                self._send_connected(data)
            else:
                self.sendto(data, address)
        except OSError as error:  # a full buffer, an unreachable network, a closed application
            self.on_error(error)
            return False
        return True

    def send_all(self, datagrams: Sequence[bytes], address: SocketAddress) -> None:
        """Send datagrams to one address, by few system calls where the system can."""
        for run in equal_runs(datagrams):
            if self._transport is not None or not self._segmenting.send(run, address):
                for datagram in run:
                    self.send(datagram, address)

    def read_with(self, drain: Callable[[], object]) -> bool:
        """Let `drain` read the socket itself from now on, each time something has come.

        It counts what it reads in `received`; `on_drained` is not called any more.

        Returns:
            False where only a transport can read, which then goes on.
        """
        if self._transport is not None:
            return False
        asyncio.get_running_loop().add_reader(self._socket, drain)
        return True

    def close(self) -> None:
        """Stop reading and close the socket; harmless when closed."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._transport is not None:
            self._transport.close()
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._socket, self._read)
        except NotImplementedError:
            await self._start_transport(loop)

    async def _start_transport(self, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Protocol(self._receive, self._fail), sock=self._socket
        )
        self.sendto = self._transport.sendto

    def _send_connected(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data)
        else:
            self._socket.send(data)

    def _drain(self) -> int:
        receive, on_datagram, is_v6 = self._socket.recvfrom, self._on_datagram, self._is_v6
        count = 0
        for _ in range(_DRAIN):
            try:
                data, address = receive(_RECEIVE_SIZE)
            except BlockingIOError:
                break
            except OSError as error:  # an ICMP error that belongs to an earlier send
                if self._is_closed:
                    break
                self.on_error(error)
                continue
            count += 1
            on_datagram(data, address[:2] if is_v6 else address)
            if self._is_closed:
                break
        return count

    def _read(self) -> None:
        self.received += self._drain()
        if not self._is_closed:
            self.on_drained()

    def _receive(self, data: bytes, address: SocketAddress) -> None:
        self.received += 1
        self._on_datagram(data, address[:2])
        self.on_drained()

    def _fail(self, error: OSError) -> None:
        self.on_error(error)


class _Protocol(asyncio.DatagramProtocol):
    """Passes datagrams on where the loop cannot watch sockets."""

    def __init__(self, on_datagram: OnDatagram, on_error: Callable[[OSError], None]) -> None:
        self._on_datagram = on_datagram
        self._on_error = on_error

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._on_datagram(data, addr)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError):
            self._on_error(exc)


def _new_socket(host: str, buffer: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(0)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF, *_FORCED):
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, buffer)
    return sock
