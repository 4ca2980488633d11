"""Measures the way to a relay over real sockets, without entering a room."""

import asyncio
import secrets
from functools import partial
from typing import Self

from packhorse.aio.answers import Answers
from packhorse.aio.connect import resolve
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.relay_address import RelayAddress
from packhorse.core.relay_probe import RelayProbe
from packhorse.core.stages import Stage
from packhorse.wire.errors import ConnectivityError


class RelayPinger:
    """An async context manager; the address of the relay that answers first is kept."""

    def __init__(self, relay: RelayAddress) -> None:
        """Open nothing yet."""
        self._relay = relay
        self._probe = RelayProbe(secrets.token_bytes)
        self._sockets: dict[SocketAddress, UdpSocket] = {}
        self._answers: Answers[float] = Answers()
        self._sent = 0

    async def __aenter__(self) -> Self:
        """Resolve the relay's name.

        Raises:
            ConnectivityError: The name is unknown, or no socket can be had.
        """
        self._loop = asyncio.get_running_loop()
        problems: list[str] = []
        for address in await resolve(self._relay):
            try:
                receive = partial(self._receive, address)
                self._sockets[address] = await UdpSocket.open(receive, connect=address)
            except OSError as error:
                problems.append(f"{address[0]}: {error.strerror or error}")
        if not self._sockets:
            advice = "check that this machine is online and may use UDP"
            raise ConnectivityError(Stage.REACHING.value, tuple(problems), advice)
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._keep_only(None)

    async def ping(self, timeout: float) -> float:  # noqa: ASYNC109 - part of the error
        """Return the round-trip time to the relay in seconds.

        Raises:
            TransactionTimeoutError: No answer came within `timeout` seconds.
        """
        self._sent += 1
        request = self._probe.next_request(now=self._loop.time())
        for sock in self._sockets.values():
            sock.send(request)
        return await self._answers.wait(self._sent, timeout, "pinging the relay")

    def _receive(self, address: SocketAddress, data: bytes, _source: SocketAddress) -> None:
        answer = self._probe.receive(data, now=self._loop.time())
        if answer is not None:
            self._keep_only(address)
            self._answers.give(*answer)

    def _keep_only(self, kept: SocketAddress | None) -> None:
        for address in [each for each in self._sockets if each != kept]:
            self._sockets.pop(address).close()
