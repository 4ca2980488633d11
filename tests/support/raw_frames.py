"""WebSocket frames byte by byte, right and wrong, without any library."""

import asyncio
import base64
import hashlib
import os
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.support.waiting import DEADLINE

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_HALF: Final = 126
_LONG: Final = 127


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = b"\x12\x34\x56\x78",
    length: bytes | None = None,
) -> bytes:
    """Return a frame of a client (RFC 6455 section 5.2).

    Args:
        opcode: 0..15.
        payload: Before it is masked.
        fin: Whether the message ends here.
        rsv: The three reserved bits, 0..7.
        mask: None leaves the frame unmasked, which a client must not.
        length: Instead of the shortest form: the first byte without the mask bit, and what
            follows it.
    """
    coded = length or shortest(len(payload))
    first = bytes([fin << 7 | rsv << 4 | opcode, coded[0] | (mask is not None) << 7])
    if mask is None:
        return first + coded[1:] + payload
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return first + coded[1:] + mask + masked


def shortest(size: int) -> bytes:
    """Return a length in its shortest form."""
    if size < _HALF:
        return bytes([size])
    if size < 1 << 16:
        return bytes([_HALF]) + size.to_bytes(2, "big")
    return bytes([_LONG]) + size.to_bytes(8, "big")


def close(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


class Heard(NamedTuple):
    """One frame of the server."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int | None:
        """Of a close frame; None without one."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


class RawClient:
    """A connection over which bytes go as they are given; use it as a context manager."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        key = base64.b64encode(os.urandom(16))
        fields = (
            b"Host: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
        )
        protocol = b"Sec-WebSocket-Protocol: packhorse.v1"
        start = b"GET /v1 HTTP/1.1\r\n%s\r\n%s\r\nSec-WebSocket-Key: %s\r\n\r\n"
        self._writer.write(start % (fields, protocol, key))
        async with asyncio.timeout(DEADLINE):
            answer = await self._reader.readuntil(b"\r\n\r\n")
        accepted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        assert accepted in answer
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._writer.transport.abort()

    async def send(self, data: bytes, *, piece: int = 1 << 20) -> None:
        """Send bytes, so many in one segment."""
        for start in range(0, len(data), piece):
            self._writer.write(data[start : start + piece])
            await asyncio.sleep(0)  # the relay, on the same loop, reads in between

    async def hear(self) -> Heard | None:
        """Return the next frame; None when the connection has ended.

        Raises:
            AssertionError: The frame is none that a server may send here.
        """
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._read_frame()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def _read_frame(self) -> Heard:
        first, second = await self._reader.readexactly(2)
        assert first & 0x70 == 0, "reserved bit"
        assert first & 0x80, "fragment"
        assert second < _LONG, "mask, or a length that no control frame has"
        size = second if second < _HALF else int.from_bytes(await self._reader.readexactly(2))
        return Heard(first & 15, await self._reader.readexactly(size))
