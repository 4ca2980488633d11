"""From a relay's name to a session: resolve, race the addresses, join."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from packhorse.aio.driver import SessionDriver
from packhorse.aio.udp import SocketAddress
from packhorse.core.events import Closed, Event, Joined, Message, StageChanged
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.relay_address import RelayAddress
from packhorse.core.stages import Stage
from packhorse.wire.constants import APPROVAL
from packhorse.wire.errors import (
    ConnectivityError,
    PackhorseError,
    RateLimitedError,
    SessionClosedOK,
    TransactionTimeoutError,
)

_HEAD_START: Final = 0.25  # seconds between attempts; RFC 8305 section 5
_MAX_ADDRESSES: Final = 4
_UDP_ADVICE: Final = "check that this machine is online and may use UDP"


async def connect(
    relay: RelayAddress, wish: CreateRoom | JoinRoom, deadline: float
) -> SessionDriver:
    """Return a driver whose session has joined, within `deadline` seconds.

    Raises:
        PackhorseError: It failed; the error says at which stage and what to do.
    """
    attempt = _Attempt(relay, wish)
    try:
        async with asyncio.timeout(deadline) as timeout:
            attempt.on_waiting = partial(_extend, timeout)
            return await attempt.run(timeout.when() or 0.0)
    except PackhorseError as error:
        _note_advice(error)
        raise
    except TimeoutError:
        timed_out = TransactionTimeoutError(attempt.stage, 0, deadline)
        _note_advice(timed_out)
        raise timed_out from None


def _extend(timeout: asyncio.Timeout) -> None:
    """Leave the time that a host takes to decide out of the deadline."""
    when = timeout.when()
    if when is not None:
        timeout.reschedule(when + APPROVAL)


def _note_advice(error: PackhorseError) -> None:
    """Let a traceback show the advice too."""
    error.add_note(f"advice: {error.advice}")


class _Attempt:
    """Resolves, races, and starts over when the relay asks for a pause that fits."""

    def __init__(self, relay: RelayAddress, wish: CreateRoom | JoinRoom) -> None:
        self._relay = relay
        self._wish = wish
        self._race: _Race | None = None
        self.on_waiting: Callable[[], None] = lambda: None
        """Called when the host has been asked to admit us."""

    @property
    def stage(self) -> str:
        """What is being waited for, in words that name the relay."""
        stage = self._race.stage if self._race else Stage.RESOLVING
        return f"{stage.value} ({self._relay})"

    async def run(self, deadline: float) -> SessionDriver:
        """Return the driver that has joined; `deadline` is a time of the event loop's clock."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._race_once()
            except RateLimitedError as error:
                pause = error.retry_after
                if pause is None or loop.time() + pause >= deadline:
                    raise
            await asyncio.sleep(pause)

    async def _race_once(self) -> SessionDriver:
        addresses = await resolve(self._relay)
        self._race = _Race(self._wish, self.on_waiting)
        try:
            return await self._race.run(addresses)
        except TransactionTimeoutError as error:
            raise TransactionTimeoutError(self.stage, error.sends, error.elapsed) from None


async def resolve(relay: RelayAddress) -> list[SocketAddress]:
    """Return the address literals of a relay, IPv6 and IPv4 in turn.

    Raises:
        ConnectivityError: The name is unknown or malformed.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(relay.host, relay.port, type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:  # ValueError: not even the form of a name
        problem = error.strerror if isinstance(error, OSError) else None
        raise ConnectivityError(
            Stage.RESOLVING.value,
            (f"{relay.host}: {problem or error}",),
            "check the spelling of the relay's name and that this machine is online",
        ) from error
    addresses = list(dict.fromkeys((str(entry[4][0]), relay.port) for entry in found))
    return _interleaved(addresses)[:_MAX_ADDRESSES]


def _interleaved(addresses: list[SocketAddress]) -> list[SocketAddress]:
    v6 = [address for address in addresses if ":" in address[0]]
    v4 = [address for address in addresses if ":" not in address[0]]
    rank = {address: index for family in (v6, v4) for index, address in enumerate(family)}
    return sorted(addresses, key=lambda address: (rank[address], ":" not in address[0]))


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `work` beside the block, and end it with the block."""
    task = asyncio.create_task(work, name="packhorse-race")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _Race:
    """Greets every address, a little apart; the first that answers is joined through."""

    def __init__(self, wish: CreateRoom | JoinRoom, on_waiting: Callable[[], None]) -> None:
        self._wish = wish
        self._on_waiting = on_waiting
        self._drivers: list[SessionDriver] = []
        self._result: asyncio.Future[SessionDriver] = asyncio.get_running_loop().create_future()
        self._running = 0
        self.stage = Stage.REACHING

    async def run(self, addresses: list[SocketAddress]) -> SessionDriver:
        """Return the driver that has joined."""
        try:
            async with _running(self._start(addresses)):
                winner = await self._result
        except BaseException:
            self._close_all_but(None)
            raise
        self._close_all_but(winner)
        return winner

    async def _start(self, addresses: list[SocketAddress]) -> None:
        self._running = len(addresses)
        for address in addresses:
            driver = SessionDriver(self._wish, address)
            driver.on_event = partial(self._on_event, driver)
            self._drivers.append(driver)
            try:
                await driver.open()
            except OSError as error:
                attempt = f"{address[0]}: {error.strerror or error}"
                self._fail(ConnectivityError(Stage.REACHING.value, (attempt,), _UDP_ADVICE))
            else:
                await asyncio.sleep(_HEAD_START)
            if self.stage is not Stage.REACHING:  # another address has answered
                return

    def _on_event(self, driver: SessionDriver, event: Event) -> None:
        match event:
            case StageChanged(stage):
                self.stage = stage
                if stage is Stage.WAITING:
                    self._on_waiting()
                self._close_all_but(driver)
            case Joined() if not self._result.done():
                driver.hold_events()  # some come before the winner's owner can take them
                self._result.set_result(driver)
            case Message():
                driver.keep(event)
            case Closed(error):
                self._fail(error or SessionClosedOK())
            case _:
                pass

    def _fail(self, error: PackhorseError) -> None:
        """Report the failure of one address; the last one standing decides."""
        self._running -= 1
        is_decided = self.stage is not Stage.REACHING
        if (is_decided or self._running == 0) and not self._result.done():
            self._result.set_exception(error)

    def _close_all_but(self, winner: SessionDriver | None) -> None:
        for driver in self._drivers:
            if driver is not winner:
                driver.abandon()
