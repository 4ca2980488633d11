"""From a relay's name to a session: resolve, race the paths, join."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from packhorse.aio.driver import SessionDriver
from packhorse.aio.paths import Candidate, RelayPath, UdpPath, candidates, describe, resolve
from packhorse.core.events import Closed, Event, Joined, Message, Path, StageChanged
from packhorse.core.joining import Wish
from packhorse.core.relay_address import (
    RelayAddress,
    Transport,
    check_transport,
    parse_relay_address,
)
from packhorse.core.stages import Stage
from packhorse.wire.constants import APPROVAL
from packhorse.wire.errors import (
    ConfigurationError,
    ConnectivityError,
    PackhorseError,
    RateLimitedError,
    RelayRefusedError,
    SessionClosedOK,
    TransactionTimeoutError,
)

MIN_TIMEOUT: Final = 0.1  # seconds
MAX_TIMEOUT: Final = 600.0  # seconds
_UDP_ADVICE: Final = "check that this machine is online and may use UDP"
_ADVICE: Final = (
    "check the relay's address and that it is running, that this machine is online, "
    "and that no firewall blocks UDP and TCP on the relay's port"
)


def check_timeout(timeout: float) -> None:
    """Refuse a number of seconds that is no deadline.

    Raises:
        ConfigurationError: It is not 0.1..600.
    """
    if not MIN_TIMEOUT <= timeout <= MAX_TIMEOUT:
        raise ConfigurationError(f"timeout is {timeout} s, must be 0.1..{MAX_TIMEOUT:.0f}")


async def enter(
    relay: str | RelayAddress,
    wish: Wish,
    timeout: float,  # noqa: ASYNC109 - part of the error
    transport: str,
) -> SessionDriver:
    """Return a driver whose session has joined, from what an application gives.

    Raises:
        ConfigurationError: An argument is malformed or out of range.
        PackhorseError: As for `connect`.
    """
    check_timeout(timeout)
    address = parse_relay_address(relay)
    return await connect(address, wish, timeout, check_transport(transport, address))


async def connect(
    relay: RelayAddress,
    wish: Wish,
    deadline: float,
    transport: Transport = Transport.AUTO,
) -> SessionDriver:
    """Return a driver whose session has joined, within `deadline` seconds.

    Raises:
        PackhorseError: It failed; the error says at which stage and what to do.
    """
    attempt = _Attempt(relay, wish, transport)
    try:
        async with asyncio.timeout(deadline) as timeout:
            attempt.on_waiting = partial(_extend, timeout)
            return await attempt.run(timeout.when() or 0.0)
    except PackhorseError as error:
        _note_advice(error)
        raise
    except TimeoutError:
        timed_out = TransactionTimeoutError(attempt.stage, 0, deadline, attempt.tried)
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

    def __init__(self, relay: RelayAddress, wish: Wish, transport: Transport) -> None:
        self._relay = relay
        self._wish = wish
        self._transport = transport
        self._race: _Race | None = None
        self.on_waiting: Callable[[], None] = lambda: None
        """Called when the host has been asked to admit us."""

    @property
    def stage(self) -> str:
        """What is being waited for, in words that name the relay."""
        stage = self._race.stage if self._race else Stage.RESOLVING
        return f"{stage.value} ({self._relay})"

    @property
    def tried(self) -> tuple[str, ...]:
        """What became of each path that was tried."""
        return self._race.tried if self._race else ()

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
            driver = await self._race.run(candidates(self._relay, addresses, self._transport))
        except TransactionTimeoutError as error:
            raise TransactionTimeoutError(
                self.stage, error.sends, error.elapsed, self.tried
            ) from None
        driver.relay_addresses = addresses
        if self._transport is Transport.AUTO and driver.path.kind is Path.RELAY_UDP:
            driver.keep_path(self._relay)
        return driver


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
    """Greets the relay on every path, a little apart; the first that answers is joined through."""

    def __init__(self, wish: Wish, on_waiting: Callable[[], None]) -> None:
        self._wish = wish
        self._on_waiting = on_waiting
        self._drivers: list[SessionDriver] = []
        self._result: asyncio.Future[SessionDriver] = asyncio.get_running_loop().create_future()
        self._outcomes: dict[RelayPath, PackhorseError | None] = {}
        self._chosen: RelayPath | None = None  # answered first; what others meet does not matter
        self._waiting = 0  # paths that have not been tried yet
        self._has_failed = asyncio.Event()
        self.stage = Stage.REACHING

    @property
    def tried(self) -> tuple[str, ...]:
        """What became of each path that was tried."""
        return tuple(_outcome(path, error) for path, error in self._outcomes.items())

    async def run(self, paths: list[Candidate]) -> SessionDriver:
        """Return the driver that has joined."""
        try:
            async with _running(self._start(paths)):
                winner = await self._result
        except BaseException:
            await asyncio.gather(*(driver.part() for driver in self._drivers))
            raise
        self._close_all_but(winner)
        return winner

    async def _start(self, paths: list[Candidate]) -> None:
        async with asyncio.TaskGroup() as group:
            for index, (path, pause) in enumerate(paths):
                self._waiting = len(paths) - index
                await self._wait(pause)
                if self.stage is not Stage.REACHING:  # another path has answered
                    return
                self._waiting -= 1
                self._outcomes[path] = None
                group.create_task(self._open(path))

    async def _wait(self, pause: float) -> None:
        """Wait for `pause` seconds, or until everything that was tried has failed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                while not self._has_all_failed:
                    self._has_failed.clear()
                    await self._has_failed.wait()

    @property
    def _has_all_failed(self) -> bool:
        return None not in self._outcomes.values()

    async def _open(self, path: RelayPath) -> None:
        driver = SessionDriver(self._wish, path)
        driver.on_event = partial(self._on_event, driver)
        self._drivers.append(driver)
        try:
            await driver.open()
        except OSError as error:  # TimeoutError is one too
            attempt = f"{path}: {describe(error)}"
            advice = _UDP_ADVICE if isinstance(path, UdpPath) else _ADVICE
            self._fail(path, ConnectivityError(Stage.REACHING.value, (attempt,), advice))

    def _on_event(self, driver: SessionDriver, event: Event) -> None:
        match event:
            case StageChanged(stage):
                self.stage = stage
                if stage is Stage.WAITING:
                    self._on_waiting()
                self._chosen = driver.path
                self._close_all_but(driver)
            case Joined() if not self._result.done():
                driver.hold_events()  # some come before the winner's owner can take them
                self._result.set_result(driver)
            case Message():
                driver.keep(event)
            case Closed(error):
                self._fail(driver.path, error or SessionClosedOK())
            case _:
                pass

    def _fail(self, path: RelayPath, error: PackhorseError) -> None:
        """Report the failure of one path; the last one standing decides."""
        self._outcomes[path] = error
        self._has_failed.set()
        if self._result.done() or self._chosen not in (None, path):
            return
        is_decided = self._chosen is not None or isinstance(error, RelayRefusedError)
        is_last = self._waiting == 0 and self._has_all_failed
        if is_decided or is_last:
            self._result.set_exception(error if is_decided else self._sum_up(error))

    def _sum_up(self, error: PackhorseError) -> PackhorseError:
        """Return the error of a race that everybody lost; silence tells more than a refusal."""
        errors = [each for each in self._outcomes.values() if each is not None]
        if len(errors) == 1:
            return error
        silence = [each for each in errors if isinstance(each, TransactionTimeoutError)]
        return silence[0] if silence else ConnectivityError(error.stage, self.tried, _ADVICE)

    def _close_all_but(self, winner: SessionDriver | None) -> None:
        for driver in self._drivers:
            if driver is not winner:
                driver.abandon()


def _outcome(path: RelayPath, error: PackhorseError | None) -> str:
    """Return what became of a path, in a few words."""
    match error:
        case None:
            return f"{path}: no answer yet"
        case ConnectivityError():
            return error.attempts[0]
        case TransactionTimeoutError():
            return f"{path}: no answer to {error.sends} sends"
        case _:
            return f"{path}: {error}"
