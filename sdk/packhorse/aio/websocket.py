"""WebSocket to a relay, with the face of `UdpSocket`."""

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from packhorse.aio.message_stream import QUIET, SUBPROTOCOL, MessageStream
from packhorse.aio.udp import OnDatagram, SocketAddress
from packhorse.core.relay_address import RelayAddress
from packhorse.wire.constants import WS_MAX_MESSAGE, WS_OPEN_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FIRST_PAUSE: Final = 0.25  # seconds before connecting again; doubles
_LONGEST_PAUSE: Final = 4.0  # seconds


class WebSocket:
    """A connection to one address of a relay that comes back by itself when it was lost."""

    def __init__(
        self, relay: RelayAddress, address: SocketAddress, on_datagram: OnDatagram
    ) -> None:
        """Connect nowhere yet.

        Args:
            relay: With scheme `ws` or `wss`.
            address: Where to connect; the relay's name stays that of certificate and request.
            on_datagram: Called with each datagram and `address`.
        """
        self._relay = relay
        self._address = address
        self._on_datagram = on_datagram
        self._context = ssl.create_default_context() if relay.scheme == "wss" else None
        self._stream: _ClientStream | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._is_closed = False
        self.on_error: Callable[[OSError], None] = lambda _error: None
        """Called when the connection is lost."""
        self.on_drained: Callable[[], None] = lambda: None
        """Called when all that came together has been handed out."""
        self.on_reopened: Callable[[], None] = lambda: None
        """Called when a lost connection is back; the relay sees another address."""

    @classmethod
    async def open(
        cls, relay: RelayAddress, address: SocketAddress, on_datagram: OnDatagram
    ) -> Self:
        """Open a connection within 5 s.

        Raises:
            OSError: It cannot be had; the text says why.
        """
        websocket = cls(relay, address, on_datagram)
        await websocket._connect()
        return websocket

    def send(self, data: bytes, address: SocketAddress | None = None) -> bool:  # noqa: ARG002
        """Send one datagram; False when there is no connection now."""
        return self._stream is not None and self._stream.send(data)

    def send_all(self, datagrams: "Sequence[bytes]", address: SocketAddress) -> None:
        """Send datagrams, as long as there is a connection."""
        for datagram in datagrams:
            self.send(datagram, address)

    def close(self) -> None:
        """End the connection; harmless when closed."""
        self._is_closed = True
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        host, port = self._address
        stream = _ClientStream(self._relay)
        name = self._relay.host if self._context else None
        try:
            async with asyncio.timeout(WS_OPEN_TIMEOUT):
                await loop.create_connection(
                    lambda: stream, host, port, ssl=self._context, server_hostname=name
                )
                await stream.opened
        except BaseException:
            stream.abort()
            raise
        stream.on_datagram = lambda data: self._on_datagram(data, self._address)
        stream.on_drained = self._drained
        stream.on_lost = self._lost
        self._stream = stream
        if not stream.is_open:  # it was lost while we were on our way back here
            self._lost()

    def _drained(self) -> None:
        self.on_drained()

    def _lost(self) -> None:
        self._stream = None
        if self._is_closed:
            return
        self.on_error(ConnectionResetError("the WebSocket connection was lost"))
        self._reconnecting = asyncio.create_task(self._reconnect(), name="packhorse-reconnect")

    async def _reconnect(self) -> None:
        pause = _FIRST_PAUSE
        while self._stream is None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            with suppress(OSError):  # the session knows how long it may last
                await self._connect()
        self.on_reopened()


class _ClientStream(MessageStream):
    """The member's end of one connection."""

    def __init__(self, relay: RelayAddress) -> None:
        is_secure, host = relay.scheme == "wss", relay.requested_host
        self._client = ClientProtocol(
            WebSocketURI(is_secure, host, relay.port, relay.path, "", None, None),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            extensions=None,
            max_size=WS_MAX_MESSAGE,
            logger=QUIET,
        )
        super().__init__(self._client)
        self.opened: asyncio.Future[None] = self._loop.create_future()
        """Done when datagrams can be sent; an `OSError` when that will never be."""
        self.on_lost: Callable[[], None] = lambda: None
        """Called when the connection is gone."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        super().connection_made(transport)
        self._client.send_request(self._client.connect())
        self._flush()

    def take_handshake(self, event: Request | Response) -> None:  # noqa: ARG002 - see the exception
        """Judge the answer."""
        if self.opened.done():
            return
        error = self._client.handshake_exc
        if error is not None:
            self.opened.set_exception(ConnectionRefusedError(_why(error)))
        elif self._client.subprotocol != SUBPROTOCOL:
            self.close(CloseCode.PROTOCOL_ERROR)
            self.opened.set_exception(ConnectionRefusedError("the server is no Packhorse relay"))
        else:
            self.opened.set_result(None)

    def lost(self) -> None:
        """Tell that the connection is gone."""
        if not self.opened.done():
            error = self._client.handshake_exc
            why = "the server closed the connection" if error is None else _why(error)
            self.opened.set_exception(ConnectionResetError(why))
        self.on_lost()


def _why(error: Exception) -> str:
    """Return what is wrong with the answer, in words."""
    match error:
        case InvalidStatus():
            return f"the server answers HTTP {error.response.status_code}, not WebSocket"
        case InvalidHandshake() if isinstance(error.__cause__, EOFError):
            return "the server closed the connection"
        case InvalidHandshake():
            return f"the server does not speak WebSocket: {error}"
        case _:
            return str(error)
