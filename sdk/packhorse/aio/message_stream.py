"""One WebSocket connection that carries datagrams: what both of its ends have in common."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Event, Side, State
from websockets.server import ServerProtocol

from packhorse.core.send_queue import SendQueue
from packhorse.wire.constants import WS_MAX_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable

AnyProtocol: TypeAlias = ClientProtocol | ServerProtocol

SUBPROTOCOL: Final = "packhorse.v1"
QUIET: Final = logging.getLogger("packhorse.websocket")
"""For the library, which would log what strangers send; we count it."""
QUIET.setLevel(logging.CRITICAL)

_READ_SIZE: Final = 4096  # bytes at a time; then timers and other sockets get their turn
_HIGH_WATER: Final = 16384  # bytes that wait in the transport before `SendQueue` takes over
_CLOSE_WITHIN: Final = 1.0  # seconds


class MessageStream(asyncio.BufferedProtocol):
    """Datagrams as binary messages. Subclasses open the connection and say who it is."""

    def __init__(self, protocol: AnyProtocol) -> None:
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(_READ_SIZE))
        self._opening_bytes = 0
        self._fragments: bytearray | None = None
        self._queue = SendQueue()
        self._frames: list[bytes] = []  # of this turn of the event loop; they go out together
        self._frames_size = 0
        self._is_paused = False
        self._is_closing = False
        self._abort_timer: asyncio.TimerHandle | None = None
        self.on_datagram: Callable[[bytes], None] = lambda _data: None
        """Called with each datagram."""
        self.on_drained: Callable[[], None] = lambda: None
        """Called when all that came together has been handed out."""

    @property
    def is_open(self) -> bool:
        """Tell whether datagrams can be sent."""
        return self._protocol.state is State.OPEN

    @property
    def dropped(self) -> int:
        """Datagrams that gave way to newer ones because the reader was too slow."""
        return self._queue.dropped

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the system has not taken; falls only when the reader takes some."""
        if self._transport is None or not self._is_paused:
            return 0
        return self._transport.get_write_buffer_size()

    def send(self, datagram: bytes) -> bool:
        """Send a datagram, or let it wait; False when the connection is not open."""
        if not self.is_open:
            return False
        if not self._is_paused:
            self._write(datagram)
            return True
        self._queue.push(datagram)
        if self._queue.is_overrun:
            self.close(CloseCode.POLICY_VIOLATION)
        return True

    def close(self, code: int = CloseCode.NORMAL_CLOSURE) -> None:
        """Say goodbye with `code`, and end the connection soon; harmless when closed."""
        if self._protocol.state is State.CONNECTING:
            self.abort()
        elif self.is_open:
            self._is_closing = True
            self._write_frames()
            self._protocol.fail(code)
            self._flush()
            self._abort_soon()

    def abort(self) -> None:
        """End the connection at once; harmless when closed."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_HIGH_WATER)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return where to put what is read."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take in what was read."""
        if self._protocol.state is State.CONNECTING:
            self._opening_bytes += nbytes
            if self._opening_bytes > WS_MAX_REQUEST:
                self.abort()
                return
        self._protocol.receive_data(bytes(self._buffer[:nbytes]))
        self._dispatch()

    def eof_received(self) -> bool:
        """Take in that the other side sends no more; True keeps our direction open."""
        self._protocol.receive_eof()
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Take in that the connection is gone."""
        self._transport = None
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        self._protocol.receive_eof()
        self.lost()

    def pause_writing(self) -> None:
        """Take in that the reader is slower than we are."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """Send what waited."""
        self._is_paused = False
        while not self._is_paused and self.is_open:
            datagram = self._queue.pop()
            if datagram is None:
                return
            self._write(datagram)

    # What subclasses do in their own way.

    def take_handshake(self, event: Request | Response) -> None:
        """Act upon the other side's part of the opening handshake."""

    def frame(self, datagram: bytes) -> bytes:
        """Return the frame of a datagram."""
        mask = self._protocol.side is Side.CLIENT
        return bytes(Frame(Opcode.BINARY, datagram).serialize(mask=mask))

    def take_control(self) -> None:
        """Act upon a control frame or a fragment, which a peer needs seldom."""

    def lost(self) -> None:
        """Act upon the end of the connection."""

    # Reading and writing.

    def _dispatch(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                if self._is_closing:  # whoever is to be closed is heard no more
                    break
                self._take_frame(event)
            else:
                self._take_handshake(event)
        self._flush()
        self.on_drained()

    def _take_handshake(self, event: Event) -> None:
        if isinstance(event, Request | Response):
            self.take_handshake(event)

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY and frame.fin:
            self.on_datagram(bytes(frame.data))
        elif frame.opcode is Opcode.TEXT:
            self.close(CloseCode.UNSUPPORTED_DATA)
        else:
            self.take_control()
            self._take_fragment(frame)

    def _take_fragment(self, frame: Frame) -> None:
        """Put a message together; the library bounds its size."""
        if frame.opcode is Opcode.BINARY:
            self._fragments = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            self._fragments += frame.data
            if frame.fin:
                message, self._fragments = bytes(self._fragments), None
                self.on_datagram(message)

    def _write(self, datagram: bytes) -> None:
        """Send a datagram with the others of this turn, or sooner when they are many."""
        if not self._frames:
            self._loop.call_soon(self._write_frames)
        frame = self.frame(datagram)
        self._frames.append(frame)
        self._frames_size += len(frame)
        if self._frames_size >= _HIGH_WATER:
            self._write_frames()

    def _write_frames(self) -> None:
        if not self._frames:
            return
        data = b"".join(self._frames)
        self._frames.clear()
        self._frames_size = 0
        if self._transport is not None and self.is_open:
            self._transport.write(data)

    def _flush(self) -> None:
        """Write what the protocol has to say; its empty bytes mean that it has ended."""
        for data in self._protocol.data_to_send():
            if self._transport is None:
                return
            if data:
                self._transport.write(data)
            else:
                self._end()

    def _end(self) -> None:
        """Half-close where that is possible, so that the other side reads our goodbye."""
        if self._transport is None:
            return
        try:
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()
        except OSError:  # the other side was faster
            self.abort()
        self._abort_soon()

    def _abort_soon(self) -> None:
        if self._abort_timer is None:
            self._abort_timer = self._loop.call_later(_CLOSE_WITHIN, self.abort)
