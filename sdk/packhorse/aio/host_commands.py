"""What the host of a room may ask of the relay."""

import asyncio
from collections.abc import Callable

from packhorse.aio.answers import Answers
from packhorse.aio.driver import SessionDriver
from packhorse.core.events import PeerId
from packhorse.core.retransmission import GIVE_UP_AFTER, MAX_SENDS
from packhorse.core.room_change import RoomChange
from packhorse.wire.constants import Topology
from packhorse.wire.errors import TransactionTimeoutError, refusal
from packhorse.wire.proofs import password_key
from packhorse.wire.room_code import RoomCode


async def derive_key(password: str | None, code: RoomCode) -> bytes | None:
    """Return the key of a password without holding up the event loop; b"" for ""."""
    if not password:
        return None if password is None else b""
    return await asyncio.to_thread(password_key, password, code)


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

    async def set_options(
        self,
        *,
        topology: Topology | None = None,
        max_peers: int | None = None,
        locked: bool | None = None,
        password: str | None = None,
    ) -> None:
        """Change the room; what is None stays as it is. Nobody who is in has to leave.

        Args:
            topology: Can be changed only while the host is alone.
            max_peers: 2..1024, host included, but no more than the relay allows.
            locked: Whether nobody else may join.
            password: What who joins has to know from now on; "" for nothing.

        Raises:
            LocalProtocolError: A value is out of range.
            RelayRefusedError: This side is not the host, or not alone.
            TransactionTimeoutError: The relay did not answer within 5.75 s.
            SessionClosedError: The session ended first.
        """
        session = self._driver.session
        change = RoomChange(
            topology=topology,
            max_peers=max_peers,
            locked=locked,
            password_key=await derive_key(password, session.code),
        )
        await self._ask(lambda now: session.set_room(change, now=now), "changing the room")

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
