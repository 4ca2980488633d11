"""The relay's end of one WebSocket connection."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from packhorse.aio.message_stream import QUIET, SUBPROTOCOL, MessageStream
from packhorse.core.relay_address import DEFAULT_PATH
from packhorse.wire.constants import WS_MAX_MESSAGE
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.connections import ConnectionEnd
from packhorse_relay.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from packhorse.aio.udp import SocketAddress

_BINARY: Final = 0x82  # FIN and the opcode of binary messages
_EXTENDED: Final = 126  # in place of a length: two bytes follow that hold it
_BURST: Final = 2.0  # seconds' worth of control frames that may come at once


class ServerStream(MessageStream):
    """A connection with its limits; what it is for is decided by who made it."""

    def __init__(self, peer: str, settings: Settings) -> None:
        super().__init__(
            ServerProtocol(
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                extensions=None,
                max_size=WS_MAX_MESSAGE,
                logger=QUIET,
            )
        )
        self.peer = peer
        """Host that the TCP connection comes from."""
        self.address: SocketAddress | None = None
        """What the core knows it by, once it is open."""
        self.source: bytes | None = None
        """Whom the limits count it for, once that is known."""
        self.on_request: Callable[[ServerStream, Request], ConnectionEnd | None] | None = None
        """Called with the request that opens it; returns why it is refused, or None."""
        self.on_end: Callable[[ServerStream, ConnectionEnd | None], None] | None = None
        """Called when the connection is gone, with the relay's reason if there is one."""
        self._settings = settings
        now = self._loop.time()
        rate = settings.websocket_control_rate
        self._control = TokenBucket(rate, rate * _BURST, now=now)
        self._end_cause: ConnectionEnd | None = None
        self._began_at = now
        self._used_at = now
        self._moved_at = now
        self._unsent = 0

    def end(self, cause: ConnectionEnd, code: int = CloseCode.POLICY_VIOLATION) -> None:
        """Close the connection because of what the other side does."""
        self._end_cause = self._end_cause or cause
        self.close(code)

    def check(self, *, has_session: bool, now: float) -> None:
        """End the connection when it has used up one of its times; call it now and then."""
        settings = self._settings
        if self._protocol.state is State.CONNECTING:
            if now - self._began_at >= settings.websocket_open_timeout:
                self.end(ConnectionEnd.NOT_OPENED)
            return
        if has_session:
            self._used_at = now
        if now - self._used_at >= settings.websocket_join_timeout:
            self.end(ConnectionEnd.NO_SESSION)
        elif self._is_stalled(now):
            self.end(ConnectionEnd.STALLED)

    def take_handshake(self, event: Request | Response) -> None:
        """Answer the request that opens the connection."""
        if not isinstance(event, Request) or not isinstance(self._protocol, ServerProtocol):
            return
        self._protocol.send_response(self._answer(self._protocol, event))

    def frame(self, datagram: bytes) -> bytes:
        """Return the frame of a datagram (RFC 6455 section 5.2), which a server does not mask."""
        size = len(datagram)
        if size < _EXTENDED:
            return bytes((_BINARY, size)) + datagram
        return bytes((_BINARY, _EXTENDED)) + size.to_bytes(2, "big") + datagram

    def take_control(self) -> None:
        """Count a control frame or fragment."""
        if not self._control.take(now=self._loop.time()):
            self.end(ConnectionEnd.CONTROL_FLOOD)

    def lost(self) -> None:
        """Tell that the connection is gone."""
        if self.on_end is not None:
            self.on_end(self, self._end_cause)

    def _answer(self, protocol: ServerProtocol, request: Request) -> Response:
        if request.path.partition("?")[0] != DEFAULT_PATH:
            text = f"Packhorse relays speak at {DEFAULT_PATH}.\n"
            return protocol.reject(HTTPStatus.NOT_FOUND, text)
        response = protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS and self.on_request is not None:
            refused = self.on_request(self, request)
            if refused is not None:
                self._end_cause = refused
                return protocol.reject(HTTPStatus.TOO_MANY_REQUESTS, "Too many connections.\n")
        return response

    def _is_stalled(self, now: float) -> bool:
        """Tell whether something waits and the reader has taken nothing of it for too long."""
        unsent = self.unsent_bytes
        if unsent == 0 or unsent < self._unsent:
            self._moved_at = now
        self._unsent = unsent
        return now - self._moved_at >= self._settings.websocket_stall_timeout
