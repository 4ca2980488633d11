"""A relayed address that is kept alive, and made anew when the server has lost it."""

import asyncio
import inspect
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from packhorse.core.pipes.greeting import HEADER_SIZE, Kind
from packhorse.pipes.datagrams import DatagramPipe, PlainPipe, SessionPipe
from packhorse.pipes.paths import PathKind
from packhorse.pipes.pipe import Pipe
from packhorse.turn.client import TurnDrop, is_gone
from packhorse.turn.connector import Connector, Granted
from packhorse.turn.events import AllocationFailed, AllocationLost, AllocationRenewed, TurnEvent
from packhorse.turn.servers import ServerWay
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import Mode
from packhorse.wire.errors import (
    ConnectivityError,
    LocalProtocolError,
    PackhorseError,
    PipeClosedError,
    PipeLostError,
)

logger = logging.getLogger(__name__)

_ANSWER_WITHIN: Final = 5.0  # seconds that a probe waits
_GIVE_UP: Final = 60.0  # seconds after which no new allocation is sought any more
_LONGEST_PAUSE: Final = 5.0  # seconds between attempts
_LEAVE_WITHIN: Final = 1.0  # seconds that giving the address back waits for the answer
_ADVICE: Final = "the peer must open a pipe to `relayed_address` of this side as well"

EventHandler = Callable[[TurnEvent], Awaitable[object] | object]


class Allocation:
    """Made by `packhorse.turn.allocate`."""

    def __init__(
        self, connector: Connector, refresh_interval: float, probe_interval: float
    ) -> None:
        self._connector = connector
        self._refresh_interval = refresh_interval
        self._probe_interval = probe_interval
        self._loop = asyncio.get_running_loop()
        self._granted: Granted | None = None
        self._pipes: dict[TransportAddress, DatagramPipe] = {}
        self._ids: dict[bytes, SessionPipe] = {}
        self._opening: set[TransportAddress] = set()
        self._handlers: list[EventHandler] = []
        self._heard_at = 0.0
        self._keepers: list[asyncio.Task[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def relayed_address(self) -> TransportAddress:
        """Where peers reach this side: give it to them."""
        return self._have().relayed

    @property
    def mapped_address(self) -> TransportAddress:
        """Own address as the server sees it."""
        return self._have().mapped

    @property
    def server(self) -> ServerWay:
        """Who gave it, and what carries the datagrams there."""
        return self._have().way

    @property
    def drops(self) -> Counter[TurnDrop]:
        """What came from the server and went no further, by reason."""
        return self._connector.drops

    def on_event(self, handler: EventHandler) -> None:
        """Call a function, sync or async, with each event."""
        self._handlers.append(handler)

    async def pipe(
        self,
        peer: TransportAddress | tuple[str, int],
        *,
        mode: Mode | None = Mode.RELIABLE,
        timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    ) -> Pipe:
        """Return a pipe to a peer, who opens one to `relayed_address` likewise.

        Args:
            peer: Its relayed address; with mode None any address.
            mode: Which promises the messages travel with; the same at both ends. None:
                datagrams as they are, which are there at once.
            timeout: Seconds until the peer must have answered.

        Raises:
            LocalProtocolError: It is the own address, or a pipe to it exists.
            TurnError: The server does not let this peer in.
            ConnectivityError: The peer does not answer.
        """
        address = TransportAddress(*peer)
        if address == self.relayed_address:
            raise LocalProtocolError("the peer's address is the own one")
        if address in self._pipes or address in self._opening:
            raise LocalProtocolError(f"there is a pipe to {address.host} port {address.port}")
        self._opening.add(address)
        try:
            await self._have().client.bind_peer(address)
        finally:
            self._opening.discard(address)
        carrier = _Carrier(self, address)
        if mode is None:
            return self._enter(address, PlainPipe(carrier))
        pipe = SessionPipe(carrier, mode, timeout=timeout)
        self._ids[pipe.own_id] = pipe
        self._enter(address, pipe)
        await self._opened(pipe, timeout)
        return pipe

    async def redirect(self, pipe: Pipe, peer: TransportAddress | tuple[str, int]) -> None:
        """Send what goes into a pipe to another relayed address: the peer has a new one.

        Needed only where both sides lost their allocations at once.

        Raises:
            LocalProtocolError: The pipe is not of this allocation.
            TurnError: The server does not let this peer in.
        """
        own = next((each for each in self._pipes.values() if each is pipe), None)
        if own is None:
            raise LocalProtocolError("the pipe is not of this allocation")
        address = TransportAddress(*peer)
        await self._have().client.bind_peer(address)
        own.redirect(address)
        own.renewed()

    # For its pipes.

    def send_to(self, peer: TransportAddress, data: bytes) -> bool:
        """Send a datagram; False when that is impossible now."""
        return self._granted is not None and self._granted.client.send_to(peer, data)

    def move(self, old: TransportAddress, new: TransportAddress) -> None:
        """Take in that a peer has another address."""
        pipe = self._pipes.pop(old, None)
        if pipe is not None:
            self._pipes[new] = pipe
            self._spawn(self._bind(new))

    def leave(self, peer: TransportAddress) -> None:
        """Forget a pipe."""
        pipe = self._pipes.pop(peer, None)
        if isinstance(pipe, SessionPipe):
            self._ids.pop(pipe.own_id, None)

    # Opening and closing.

    async def open(self, timeout: float) -> None:  # noqa: ASYNC109 - part of the error
        """Get an allocation and begin to keep it; raises what `packhorse.turn.allocate` does."""
        self._granted = await self._connector.connect(self._take, timeout)
        for work, name in ((self._keep_alive(), "probe"), (self._keep_peers(), "refresh")):
            task = self._loop.create_task(work, name=f"packhorse-turn-{name}")
            task.add_done_callback(self._report)
            self._keepers.append(task)

    async def aclose(self) -> None:
        """Close all pipes and give the address back; harmless when closed."""
        self._is_closed = True
        for pipe in list(self._pipes.values()):
            await pipe.aclose()
        tasks = [*self._keepers, *self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._granted is None:
            return
        client = self._granted.client
        try:
            async with asyncio.timeout(_LEAVE_WITHIN):
                await client.refresh_allocation(0)
        except (PackhorseError, TimeoutError):  # it expires by itself
            pass
        finally:
            await client.aclose(_LEAVE_WITHIN)

    # Receiving.

    def _take(self, data: bytes, source: TransportAddress) -> None:
        self._heard_at = self._loop.time()
        pipe = self._pipes.get(source)
        if pipe is None and len(data) > HEADER_SIZE and data[0] == Kind.FRAME:
            pipe = self._ids.get(data[1:HEADER_SIZE])  # from a new address, which it proves
        if pipe is not None:
            pipe.take_datagram(data, source)
        elif source not in self._opening:  # those come again, answered by our first
            self.drops[TurnDrop.UNKNOWN_PEER] += 1

    # Keeping alive.

    async def _keep_peers(self) -> None:
        """Refresh permissions and channels, whether anything is sent or not."""
        while True:
            await asyncio.sleep(self._refresh_interval)
            await asyncio.gather(*[self._bind(peer) for peer in list(self._pipes)])

    async def _keep_alive(self) -> None:
        """Prove again and again that the allocation lives; make a new one when it does not."""
        while True:
            reason = await self._probe(self._have())
            if reason:
                self._tell(AllocationLost(reason))
                await self._renew()

    async def _probe(self, granted: Granted) -> str:
        """Wait for the next probe; return why the allocation is lost, or ""."""
        await asyncio.wait([granted.client.lost], timeout=self._probe_interval)
        if granted.client.lost.done():
            return granted.client.lost.result()
        begun = self._loop.time()
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await granted.client.refresh_allocation()
        except (PackhorseError, TimeoutError) as error:
            if isinstance(error, PackhorseError) and is_gone(error):
                return "the server has forgotten it"
            if self._heard_at < begun:
                return str(error) or f"no answer from {granted.way} within {_ANSWER_WITHIN:.0f} s"
        return ""

    async def _renew(self) -> None:
        self._have().client.close()
        deadline = self._loop.time() + _GIVE_UP
        pause = 0.5
        while True:
            try:
                self._granted = await self._connector.connect(self._take, _ANSWER_WITHIN)
            except PackhorseError as error:
                if self._loop.time() > deadline:
                    self._fail(str(error))
                    raise
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, 2 * pause)
            else:
                break
        await asyncio.gather(*[self._bind(peer) for peer in list(self._pipes)])
        for pipe in list(self._pipes.values()):
            pipe.renewed()
        self._tell(AllocationRenewed(self.relayed_address))

    async def _bind(self, peer: TransportAddress) -> None:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await self._have().client.bind_peer(peer)
        except (PackhorseError, TimeoutError) as error:  # the probe finds out, or the next round
            logger.debug("! a channel was not bound: %s", error)

    def _fail(self, reason: str) -> None:
        error = PipeLostError(f"no TURN server gives an address: {reason}")
        for pipe in list(self._pipes.values()):
            pipe.fail(error)
        self._tell(AllocationFailed(reason))

    # Own affairs.

    async def _opened(self, pipe: SessionPipe, timeout: float) -> None:  # noqa: ASYNC109
        try:
            await pipe.opened()
        except PipeClosedError as error:
            await pipe.aclose()
            attempts = (f"no answer within {timeout:.1f} s",)
            raise ConnectivityError("opening a pipe over TURN", attempts, _ADVICE) from error
        except BaseException:
            await pipe.aclose()
            raise

    def _enter(self, peer: TransportAddress, pipe: DatagramPipe) -> Pipe:
        self._pipes[peer] = pipe
        return pipe

    def _have(self) -> Granted:
        if self._granted is None:
            raise LocalProtocolError("there is no allocation")
        return self._granted

    def _tell(self, event: TurnEvent) -> None:
        logger.info("TURN: %s", type(event).__name__)
        for handler in self._handlers:
            result = handler(event)
            if inspect.iscoroutine(result):
                self._spawn(result)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work, name="packhorse-turn-task")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._report)

    def _report(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, PackhorseError):
            logger.error("a task of an allocation failed", exc_info=error)


class _Carrier:
    """Datagrams of one pipe: one peer of an allocation."""

    kind = PathKind.TURN

    def __init__(self, allocation: Allocation, peer: TransportAddress) -> None:
        self._allocation = allocation
        self._peer = peer

    @property
    def local(self) -> TransportAddress:
        """The relayed address."""
        return self._allocation.relayed_address

    @property
    def remote(self) -> TransportAddress:
        """The peer's."""
        return self._peer

    def send(self, data: bytes) -> bool:
        """Send a datagram; False when that is impossible now."""
        return self._allocation.send_to(self._peer, data)

    def move(self, address: TransportAddress) -> None:
        """Send to another address from now on; its channel is bound first."""
        old, self._peer = self._peer, address
        self._allocation.move(old, address)

    async def aclose(self) -> None:
        """Let the allocation forget the peer."""
        self._allocation.leave(self._peer)
