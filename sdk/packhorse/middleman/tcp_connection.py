"""A TCP connection of an application, tied to a stream."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, cast

from packhorse.core.streams.stream import Stream
from packhorse.middleman.traffic import TcpTraffic
from packhorse.wire.constants import FRAGMENT_SIZE

# Bytes read at once: nearly 64 KiB, and with the byte before them a whole number of pieces.
READ_SIZE: Final = 55 * FRAGMENT_SIZE - 1
_BUFFER: Final = memoryview(bytearray(READ_SIZE))  # of all: it is copied from before the next read
_RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Owner(Protocol):
    """What a connection tells of itself."""

    def attach(self, stream: Stream, connection: "Connection") -> None:
        """Take a connection in, which has a socket from now on."""

    def settle(self, peer: int) -> None:
        """Hand on what streams with a peer have to say."""

    def detach(self, stream: Stream) -> None:
        """Forget a connection, which has no socket any more."""


class Connection(asyncio.BufferedProtocol):
    """Moves bytes between a socket and its stream, no faster than either side takes them.

    The event loop sets TCP_NODELAY on its sockets.
    """

    def __init__(
        self, owner: Owner, find_stream: Callable[[], Stream | None], traffic: TcpTraffic
    ) -> None:
        """Wait for the socket.

        Args:
            owner: Told of everything that needs somebody else.
            find_stream: Called when the socket is there; None resets the connection.
            traffic: Counts the bytes.
        """
        self._owner = owner
        self._find_stream = find_stream
        self._traffic = traffic
        self._now = asyncio.get_running_loop().time
        self._stream: Stream | None = None
        self._is_broken = False  # by us
        self._is_paused = False  # reading
        self._is_full = False  # the socket takes no more just now
        self._is_input_closed = False  # the application was told that no more comes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket; called by the event loop, as all that follow but `update`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self._stream = self._find_stream()
        if self._stream is None:
            self.reset()
            return
        self._owner.attach(self._stream, self)
        self.update()
        self._owner.settle(self._stream.peer)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Say where to read to, and how much."""
        allowance = 0 if self._stream is None else self._stream.allowance
        return _BUFFER[: allowance or READ_SIZE]  # 0: a loop that read ahead, as on Windows

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        stream = self._stream
        if stream is None or stream.is_ended:
            return
        self._traffic.bytes_to_room += nbytes
        stream.send(bytes(_BUFFER[:nbytes]))
        self._regulate_reading(stream)
        self._owner.settle(stream.peer)

    def eof_received(self) -> bool:
        """Hand on that the application sends no more; the other direction goes on."""
        stream = self._stream
        if stream is None:
            return False
        stream.finish()
        self.update()
        self._owner.settle(stream.peer)
        return True

    def pause_writing(self) -> None:
        """Write no more until the socket has taken what there is."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Write on."""
        self._is_full = False
        if self._stream is not None:
            self.update()
            self._owner.settle(self._stream.peer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on how the connection ended."""
        stream = self._stream
        if stream is None:
            return
        if exc is None and not self._is_broken:
            stream.flushed()
        stream.abort()  # harmless after an orderly end
        self._owner.detach(stream)
        self._owner.settle(stream.peer)

    def update(self) -> None:
        """Do what the stream asks for; the caller settles afterwards."""
        stream = self._stream
        if stream is None:
            return
        if stream.failure is not None:
            self.reset()
        elif not self._transport.is_closing():
            self._write(stream)
            self._regulate_reading(stream)

    def reset(self) -> None:
        """Break the connection off, so that the application sees it; harmless when closed."""
        self._is_broken = True
        sock = cast("socket.socket | None", self._transport.get_extra_info("socket"))
        if sock is not None:
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _write(self, stream: Stream) -> None:
        write = self._transport.write
        while not self._is_full and (data := stream.take(now=self._now())) is not None:
            self._traffic.bytes_from_room += len(data)
            write(data)
        if self._is_full or not stream.is_input_ended:
            return
        if stream.is_finished:
            self._transport.close()
        elif not self._is_input_closed:
            self._is_input_closed = True
            with suppress(OSError):  # it is broken, and `connection_lost` is about to tell
                self._transport.write_eof()

    def _regulate_reading(self, stream: Stream) -> None:
        may_read = stream.allowance > 0
        if may_read and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        elif not may_read and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
