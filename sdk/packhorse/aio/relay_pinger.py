"""Measures the way to a relay over real sockets, without entering a room."""

import asyncio
import secrets
from contextlib import suppress
from functools import partial
from typing import Final, Self

from packhorse.aio.answers import Answers
from packhorse.aio.paths import DatagramSocket, RelayPath, candidates, describe, resolve
from packhorse.aio.udp import SocketAddress
from packhorse.core.events import Path
from packhorse.core.relay_address import RelayAddress, Transport
from packhorse.core.relay_probe import RelayProbe
from packhorse.core.stages import Stage
from packhorse.wire.constants import WS_HEAD_START
from packhorse.wire.errors import ConnectivityError, TransactionTimeoutError

_AGAIN: Final = 0.5  # seconds; a relay answers five a second


class RelayPinger:
    """An async context manager; the path on which the relay answers first is kept."""

    def __init__(self, relay: RelayAddress, transport: Transport = Transport.AUTO) -> None:
        """Open nothing yet."""
        self._relay = relay
        self._transport = transport
        self._probe = RelayProbe(secrets.token_bytes)
        self._sockets: dict[RelayPath, DatagramSocket] = {}
        self._problems: list[str] = []
        self._answers: Answers[float] = Answers()
        self._sent = 0
        self._opening: asyncio.Task[None] | None = None
        self.path: Path | None = None
        """On which the relay has answered."""

    async def __aenter__(self) -> Self:
        """Resolve the relay's name; WebSocket comes later where UDP may do.

        Raises:
            ConnectivityError: The name is unknown, or no path can be opened.
        """
        self._loop = asyncio.get_running_loop()
        found = candidates(self._relay, await resolve(self._relay), self._transport)
        by_udp = [path for path, _ in found if path.kind is Path.RELAY_UDP]
        by_websocket = [path for path, _ in found if path.kind is Path.RELAY_WEBSOCKET]
        for path in by_udp:
            await self._open(path)
        if self._sockets and by_websocket:
            later = self._open_later(by_websocket)
            self._opening = asyncio.create_task(later, name="packhorse-open")
        elif not self._sockets:
            await self._open_first(by_websocket)
        if not self._sockets:
            advice = "check the relay's address, and that this machine is online"
            raise ConnectivityError(Stage.REACHING.value, tuple(self._problems), advice)
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        self._keep_only(None)

    async def find_path(self, within: float) -> None:
        """Ping until the relay has answered on a path, for at most `within` seconds.

        Pings on a path that nobody answers would count as lost on the other one.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.path is None:
                    with suppress(TransactionTimeoutError):
                        await self.ping(_AGAIN)

    async def ping(self, timeout: float) -> float:  # noqa: ASYNC109 - part of the error
        """Return the round-trip time to the relay in seconds.

        Raises:
            TransactionTimeoutError: No answer came within `timeout` seconds.
        """
        self._sent += 1
        request = self._probe.next_request(now=self._loop.time())
        for path, sock in self._sockets.items():
            sock.send(request, path.address)
        return await self._answers.wait(self._sent, timeout, "pinging the relay")

    async def _open_later(self, paths: list[RelayPath]) -> None:
        await asyncio.sleep(WS_HEAD_START)
        if self.path is None:
            await self._open_first(paths)

    async def _open_first(self, paths: list[RelayPath]) -> None:
        for path in paths:
            if await self._open(path):
                return

    async def _open(self, path: RelayPath) -> bool:
        try:
            sock = await path.open(partial(self._receive, path), lambda: None)
        except OSError as error:
            self._problems.append(f"{path}: {describe(error)}")
            return False
        self._sockets[path] = sock
        return True

    def _receive(self, path: RelayPath, data: bytes, source: SocketAddress) -> None:
        if source != path.address:
            return
        answer = self._probe.receive(data, now=self._loop.time())
        if answer is not None:
            self.path = path.kind
            self._keep_only(path)
            self._answers.give(*answer)

    def _keep_only(self, kept: RelayPath | None) -> None:
        for path in [each for each in self._sockets if each != kept]:
            self._sockets.pop(path).close()
