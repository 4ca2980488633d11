"""What time it is at an HTTP server: the header `Date` of any of its answers."""

import asyncio
import ssl
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Final

from packhorse.aio.udp import SocketAddress
from packhorse.core.relay_address import RelayAddress

_MOST: Final = 8192  # bytes of an answer's head


async def clock_offset(relay: RelayAddress, address: SocketAddress) -> float | None:
    """Return how many seconds this machine's clock is ahead of a relay's.

    Args:
        relay: With scheme `ws` or `wss`.
        address: Where to connect.

    Returns:
        None when the answer tells no time.

    Raises:
        OSError: There is no connection, or TLS fails.
    """
    context = ssl.create_default_context() if relay.scheme == "wss" else None
    name = relay.host if context else None
    reader, writer = await asyncio.open_connection(
        *address, ssl=context, server_hostname=name, limit=_MOST
    )
    try:
        host = relay.requested_host
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        told = await _time(reader)
    finally:
        writer.close()
    return None if told is None else time.time() - told


async def _time(reader: asyncio.StreamReader) -> float | None:
    """Return the seconds since 1970 that an answer tells; None when it tells none."""
    with suppress(
        asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OverflowError
    ):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        for line in head.split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "date":
                return parsedate_to_datetime(value.strip()).timestamp()
    return None
