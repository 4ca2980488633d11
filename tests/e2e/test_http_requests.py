"""What members ask of HTTP servers: what time it is, and for a WebSocket."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest

from packhorse.aio.http_date import clock_offset
from packhorse.aio.websocket import WebSocket
from packhorse.core.relay_address import RelayAddress

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def server(asked: bytearray, answer: bytes = b"") -> AsyncIterator[int]:
    """Note what is asked, and answer so; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, LOOPBACK, 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def offset(answer: bytes) -> float | None:
    """Return what the clock of a server that answers so is behind."""
    async with server(bytearray(), answer) as port:
        return await clock_offset(RelayAddress(LOOPBACK, port, "ws", "/v1"), (LOOPBACK, port))


async def test_date_of_an_answer_tells_the_clock() -> None:
    date = formatdate(time.time() - 3600, usegmt=True).encode()

    found = await offset(b"HTTP/1.1 404 Not Found\r\ndate:  " + date + b"\r\n\r\n")

    assert found is not None
    assert 3600 - 5 < found < 3600 + 5


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: soon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2020 00:00:00 +99999999999999\r\n\r\n",
        b"Date: " + b"x" * 10_000,
    ],
    ids=["nothing", "no date", "no time", "a zone out of range", "endless"],
)
async def test_attack_hostile_date_ends_no_examination(answer: bytes) -> None:
    """A hostile relay ends no doctor."""
    assert await offset(answer) is None


async def test_name_outside_of_ascii_is_asked_for_as_it_is_resolved() -> None:
    asked = bytearray()
    async with server(asked) as port:
        relay = RelayAddress("bücher.example", port, "ws", "/v1")
        await clock_offset(relay, (LOOPBACK, port))
        with pytest.raises(OSError, match="closed the connection"):
            await WebSocket.open(relay, (LOOPBACK, port), lambda _data, _source: None)

    assert asked.count(b"Host: xn--bcher-kva.example") == 2
