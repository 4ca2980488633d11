"""A WebSocket client that does what it is told, wrong things included."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from packhorse.aio.message_stream import SUBPROTOCOL
from packhorse.core.relay_address import DEFAULT_PATH
from tests.support.waiting import DEADLINE

_READ_SIZE: Final = 65536  # bytes


class RawWebSocket:
    """One connection, opened by `async with`; frames go out as they are given."""

    def __init__(
        self,
        port: int,
        *,
        path: str = DEFAULT_PATH,
        subprotocol: str | None = SUBPROTOCOL,
        headers: dict[str, str] | None = None,
        source: str = "127.0.0.1",
        receive_buffer: int | None = None,
    ) -> None:
        subprotocols = None if subprotocol is None else [Subprotocol(subprotocol)]
        uri = WebSocketURI(False, "127.0.0.1", port, path, "", None, None)  # noqa: FBT003
        self.protocol = ClientProtocol(uri, subprotocols=subprotocols)
        self.status: int | None = None
        """HTTP status of the answer; None when there was none."""
        self.answer: dict[str, str] = {}
        """Header fields of the answer."""
        self.messages: list[bytes] = []
        self._headers = headers or {}
        self._port = port
        self._source = source
        self._receive_buffer = receive_buffer

    async def __aenter__(self) -> Self:
        sock = socket.socket()
        if self._receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        sock.setblocking(False)  # noqa: FBT003
        sock.bind((self._source, 0))
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        self._reader, self._writer = await asyncio.open_connection(sock=sock)
        request = self.protocol.connect()
        request.headers.update(self._headers)
        self.protocol.send_request(request)
        self._flush()
        await self._read_while(lambda: self.status is None)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._writer.transport.abort()

    def send(self, *frames: Frame) -> None:
        """Send frames as they are."""
        mask = True
        for frame in frames:
            self._writer.write(frame.serialize(mask=mask))

    def send_raw(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)

    def end_sending(self) -> None:
        """Half-close the TCP connection."""
        with suppress(OSError):
            self._writer.write_eof()

    def send_datagram(self, data: bytes) -> None:
        """Send a binary message."""
        self.protocol.send_binary(data)
        self._flush()

    async def receive(self) -> bytes:
        """Return the next binary message."""
        await self._read_while(lambda: not self.messages)
        return self.messages.pop(0)

    async def closed(self) -> int:
        """Return the close code that the relay gave; 1006 for none."""
        await self._read_while(lambda: True)
        close = self.protocol.close_rcvd
        return 1006 if close is None else int(close.code)

    async def _read_while(self, is_waiting: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while is_waiting():
                try:
                    data = await self._reader.read(_READ_SIZE)
                except ConnectionError:
                    data = b""
                if not data:
                    return
                self.protocol.receive_data(data)
                self._take_events()

    def _take_events(self) -> None:
        for event in self.protocol.events_received():
            if isinstance(event, Frame):
                if event.opcode == 2:
                    self.messages.append(bytes(event.data))
            elif isinstance(event, Response):
                self.status = event.status_code
                self.answer = dict(event.headers.raw_items())

    def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self._writer.write(data)
