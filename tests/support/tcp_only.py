"""A way to a relay on which TCP passes and UDP does not."""

import asyncio
import socket
from contextlib import suppress
from typing import Self


class TcpOnly:
    """An async context manager: a port that passes TCP on and says nothing to UDP."""

    def __init__(self, relay_port: int, *, beside: int | None = None) -> None:
        """Pass nothing yet.

        Args:
            relay_port: Where TCP goes.
            beside: Port at which something else takes UDP; None for a free one.
        """
        self._relay_port = relay_port
        self._beside = beside
        self._udp: socket.socket | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """Where members try."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def address(self) -> str:
        """Where members try, as `host:port`."""
        return f"127.0.0.1:{self.port}"

    def break_connections(self) -> None:
        """End every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._beside or 0)
        if self._beside is None:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.bind(self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._server.close()
        self.break_connections()
        if self._udp is not None:
            self._udp.close()
        await asyncio.sleep(0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._relay_port)
        except ConnectionError:
            writer.close()
            return
        both = {writer, back_writer}
        self._writers |= both
        await asyncio.gather(_copy(reader, back_writer), _copy(back_reader, writer))
        self._writers -= both


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
