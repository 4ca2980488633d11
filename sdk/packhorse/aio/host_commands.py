"""What the host of a room may ask of the relay."""

import asyncio
from collections.abc import Callable

from packhorse.aio.answers import Answers
from packhorse.aio.driver import SessionDriver
from packhorse.core.events import PeerId
from packhorse.core.retransmission import GIVE_UP_AFTER, MAX_SENDS
from packhorse.wire.errors import TransactionTimeoutError, refusal


class HostCommands:
    """Requests that the relay answers; a part of `Room`."""

    _driver: SessionDriver
    _loop: asyncio.AbstractEventLoop
    _requests: Answers[int | None]

    async def kick(self, peer: int, *, ban: bool = False) -> None:
        """Remove a peer from the room; with `ban` also refuse its address from now on.

        Raises:
            RelayRefusedError: This side is not the host.
            TransactionTimeoutError: The relay did not answer within 5.75 s.
            SessionClosedError: The session ended first.
        """
        session = self._driver.session
        await self._ask(lambda now: session.kick(PeerId(peer), ban=ban, now=now), "kicking a peer")

    async def _ask(self, start: Callable[[float], int], stage: str) -> None:
        """Start a request, and wait for its answer."""
        self._raise_if_closed()
        answer = self._requests.expect(start(self._loop.time()))
        self._driver.pump_now()
        code = await answer
        if code is None:
            raise TransactionTimeoutError(stage, MAX_SENDS, GIVE_UP_AFTER)
        if code:
            raise refusal(code, stage)

    def _raise_if_closed(self) -> None:
        raise NotImplementedError
