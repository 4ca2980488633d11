"""What the host of a room may ask of the relay."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from packhorse.aio.answers import Answers
from packhorse.aio.driver import SessionDriver
from packhorse.aio.room_session import RoomSession
from packhorse.core.events import JoinRequested, PeerId
from packhorse.core.retransmission import GIVE_UP_AFTER, MAX_SENDS
from packhorse.core.room_change import RoomChange
from packhorse.wire.constants import Topology
from packhorse.wire.errors import PackhorseError, TransactionTimeoutError, refusal
from packhorse.wire.proofs import password_key
from packhorse.wire.room_code import RoomCode

logger = logging.getLogger(__name__)

Approve = Callable[[JoinRequested], bool | Awaitable[bool]]


async def derive_key(password: str | None, code: RoomCode) -> bytes | None:
    """Return the key of a password without holding up the event loop; b"" for ""."""
    if not password:
        return None if password is None else b""
    return await asyncio.to_thread(password_key, password, code)


class HostCommands(RoomSession):
    """Requests that the relay answers; a part of `Room`."""

    def __init__(self, driver: SessionDriver) -> None:
        super().__init__(driver)
        self._requests: Answers[int | None] = Answers()
        self._approve: Approve | None = None
        self._decisions: set[asyncio.Task[None]] = set()

    async def kick(self, peer: int, *, ban: bool = False) -> None:
        """Remove a peer from the room; with `ban` also refuse its address from now on.

        Raises:
            RelayRefusedError: This side is not the host.
            TransactionTimeoutError: The relay did not answer within 5.75 s.
            SessionClosedError: The session ended first.
        """
        session = self._driver.session
        await self._ask(lambda now: session.kick(PeerId(peer), ban=ban, now=now), "kicking a peer")

    async def set_options(  # noqa: PLR0913 - all by keyword
        self,
        *,
        topology: Topology | None = None,
        max_peers: int | None = None,
        locked: bool | None = None,
        approval: bool | None = None,
        listed: bool | None = None,
        metadata: bytes | None = None,
        password: str | None = None,
    ) -> None:
        """Change the room; what is None stays as it is. Nobody who is in has to leave.

        Args:
            topology: Can be changed only while the host is alone.
            max_peers: 2..1024, host included, but no more than the relay allows.
            locked: Whether nobody else may join.
            approval: Whether `JoinRequested` asks this side about each who wants to join.
            listed: Whether `list_rooms` shows the room and its code to everybody.
            metadata: What it shows besides, at most 512 bytes.
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
            approval=approval,
            listed=listed,
            metadata=metadata,
            password_key=await derive_key(password, session.code),
        )
        await self._ask(lambda now: session.set_room(change, now=now), "changing the room")

    async def admit(self, request: int) -> None:
        """Let somebody in who waits; `JoinRequested` told of them.

        Raises:
            RelayRefusedError: Nobody waits with this request any more, there is no place,
                or this side is not the host.
            TransactionTimeoutError: The relay did not answer within 5.75 s.
            SessionClosedError: The session ended first.
        """
        await self._decide(request, admit=True)

    async def refuse(self, request: int) -> None:
        """Turn somebody away who waits; raises what `admit` does."""
        await self._decide(request, admit=False)

    async def open_doors(
        self, password: str | None, approve: "bool | Approve", *, locked: bool
    ) -> None:
        """Open a room that was created locked, because its password's key needs the code.

        Args:
            password: Of the room; None for none.
            approve: Who decides about each who wants to join; False for nobody.
            locked: Whether it stays locked.
        """
        if callable(approve):
            self._approve = approve
        await self.set_options(password=password, approval=bool(approve), locked=locked)

    def _take_join_request(self, event: JoinRequested) -> bool:
        """Start deciding where a function does; False where the event is for the application."""
        if self._approve is None:
            return False
        task = asyncio.create_task(self._answer(event, self._approve), name="packhorse-approve")
        self._decisions.add(task)
        task.add_done_callback(self._decisions.discard)
        return True

    async def _answer(self, event: JoinRequested, approve: "Approve") -> None:
        try:
            answer = approve(event)
            is_welcome = await answer if inspect.isawaitable(answer) else answer
        except Exception:
            logger.exception("deciding about a request to join failed: it is refused")
            is_welcome = False
        with suppress(PackhorseError):  # it may wait no more, or the room be closed
            await self._decide(event.request, admit=bool(is_welcome))

    async def _decide(self, request: int, *, admit: bool) -> None:
        session = self._driver.session
        await self._ask(
            lambda now: session.decide(request, admit=admit, now=now), "deciding who joins"
        )

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
