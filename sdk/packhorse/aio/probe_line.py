"""One path to a relay, over which probes go one after the other."""

import asyncio
import secrets
from typing import TYPE_CHECKING, Self

from packhorse.aio.paths import DatagramSocket, RelayPath
from packhorse.aio.udp import SocketAddress
from packhorse.core.relay_probe import RelayProbe
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender

if TYPE_CHECKING:
    from packhorse.wire.messages import RelayCtrl


class ProbeLine:
    """An async context manager around a path of its own."""

    def __init__(self, path: RelayPath) -> None:
        """Open nothing yet."""
        self._path = path
        self._probe = RelayProbe(secrets.token_bytes)
        self._socket: DatagramSocket | None = None
        self._answered: asyncio.Future[float] | None = None
        self.answer: RelayCtrl | None = None
        """What the relay has said last."""

    async def __aenter__(self) -> Self:
        """Open the path.

        Raises:
            OSError: It cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        self._socket = await self._path.open(self._receive, lambda: None)
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        if self._socket is not None:
            self._socket.close()

    async def ask(self, *, size: int, patience: float) -> float | None:
        """Send one probe of `size` bytes.

        Returns:
            Seconds until its answer; None when there is none within `patience` seconds.
        """
        self._answered = self._loop.create_future()
        request = self._probe.next_request(size=size, now=self._loop.time())
        if self._socket is not None:
            self._socket.send(request, self._path.address)
        try:
            async with asyncio.timeout(patience):
                return await self._answered
        except TimeoutError:
            return None

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        if source != self._path.address:
            return
        found = self._probe.receive(data, now=self._loop.time())
        if found is None or self._answered is None or self._answered.done():
            return
        try:
            self.answer = decode_ctrl(data, Sender.RELAY)
        except ParseError:
            return
        self._answered.set_result(found[1])
