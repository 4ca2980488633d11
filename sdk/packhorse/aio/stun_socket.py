"""A UDP socket that asks STUN servers what they see of it."""

import asyncio
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.stun_client import StunClient, StunResult
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ParseError
from packhorse.wire.stun import is_stun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ASKS: Final = 3  # requests at once for one mapping


class StunSocket:
    """An async context manager around a socket of its own."""

    def __init__(self, *, is_v6: bool) -> None:
        """Open nothing yet."""
        self._bind = ("::" if is_v6 else "0.0.0.0", 0)  # noqa: S104 - the server is anywhere
        self._client = StunClient(secrets.token_bytes)
        self._waiting: dict[int, asyncio.Future[StunResult]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.on_other: Callable[[bytes], None] = lambda _data: None
        """Called with each datagram that is no STUN."""

    async def __aenter__(self) -> Self:
        """Open the socket.

        Raises:
            OSError: This machine does not have the family.
        """
        self._loop = asyncio.get_running_loop()
        self.socket = await UdpSocket.open(self._receive, bind=self._bind)
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.socket.close()

    async def ask(self, target: TransportAddress, *, from_other_port: bool = False) -> StunResult:
        """Ask a server; ends within `GIVE_UP` seconds, with `mapped` None when it is silent."""
        number = self._client.ask(target, from_other_port=from_other_port, now=self._loop.time())
        future: asyncio.Future[StunResult] = self._loop.create_future()
        self._waiting[number] = future
        self._pump()
        return await future

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        if is_stun(data):
            with suppress(ParseError):
                now = self._loop.time()
                self._client.receive(data, TransportAddress(*source), now=now)
            self._pump()
        else:
            self.on_other(data)

    def _timeout(self) -> None:
        self._client.handle_timeout(now=self._loop.time())
        self._pump()

    def _pump(self) -> None:
        for data, target in self._client.datagrams_to_send():
            self.socket.send(data, target[:2])
        for result in self._client.results():
            future = self._waiting.pop(result.number, None)
            if future is not None and not future.done():
                future.set_result(result)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._client.next_timeout()
        self._timer = None if due is None else self._loop.call_at(due, self._timeout)


async def fresh_mappings(server: TransportAddress) -> list[TransportAddress]:
    """Return what a server sees of two sockets that are opened one right after the other.

    Each asks three times: a lost request, sent again much later, would turn the order of the
    mappings round. And all at once, so that no other mapping comes between.

    Returns:
        Two addresses, or fewer where an answer is missing; within `GIVE_UP` seconds.
    """
    is_v6 = ":" in server.host
    async with StunSocket(is_v6=is_v6) as first, StunSocket(is_v6=is_v6) as second:
        in_order = (first,) * _ASKS + (second,) * _ASKS
        asked = [asyncio.ensure_future(sock.ask(server)) for sock in in_order]
        found = [await _first_mapping(asked[:_ASKS]), await _first_mapping(asked[_ASKS:])]
    return [mapped for mapped in found if mapped is not None]


async def _first_mapping(asked: "Sequence[asyncio.Future[StunResult]]") -> TransportAddress | None:
    """Return what the first answer says."""
    try:
        for answer in asyncio.as_completed(asked):
            if (mapped := (await answer).mapped) is not None:
                return mapped
        return None
    finally:
        for future in asked:
            future.cancel()
