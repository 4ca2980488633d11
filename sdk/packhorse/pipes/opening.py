"""How an application gets a pipe: `open_pipe` and `listen_pipes`."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from packhorse.aio.connect import check_timeout
from packhorse.aio.entering import host as host_room
from packhorse.aio.entering import join as join_room
from packhorse.aio.room import Room
from packhorse.core.events import HOST, PeerJoined
from packhorse.core.relay_address import RelayAddress, parse_relay_address
from packhorse.pipes.listener import PipeListener
from packhorse.pipes.paths import Strategy
from packhorse.pipes.pipe import Pipe
from packhorse.pipes.room import RoomPipe
from packhorse.pipes.targets import Scheme, Target, TargetLike, parse_listening, parse_target
from packhorse.pipes.tcp import TcpListener, connect_tcp
from packhorse.pipes.udp import UdpListener, connect_udp
from packhorse.wire.constants import Mode
from packhorse.wire.errors import (
    ConfigurationError,
    ConnectivityError,
    PackhorseError,
    PipeClosedError,
)

EVERY_STRATEGY: Final = (Strategy.DIRECT, Strategy.REVERSE, Strategy.PUNCH, Strategy.RELAY)
_NOT_THE_RELAY: Final = frozenset(EVERY_STRATEGY) - {Strategy.RELAY}
_ADVICE: Final = "check the address, that the other end listens, and that no firewall is between"
_DIRECT_ADVICE: Final = "let Strategy.RELAY in: some NATs cannot be crossed directly"


async def open_pipe(  # noqa: PLR0913 - all but one by keyword
    target: TargetLike,
    *,
    strategies: Collection[Strategy] = EVERY_STRATEGY,
    mode: Mode | None = Mode.RELIABLE,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    relay: str | RelayAddress | None = None,
    password: str | None = None,
    tls: ssl.SSLContext | None = None,
    bind: str | None = None,
    birthday: bool = False,
) -> Pipe:
    """Return a pipe that works; `aclose` it, or use it as a context manager.

    Args:
        target: `udp://host:port` or `(host, port)`; `tcp://host:port`, `tls://host:port`; or
            an invite `CODE@relay`, which joins that room: a pipe to its host, over the relay
            at once, and directly as soon as that is proven.
        strategies: What may be used. To a room: without RELAY the pipe is given only once it
            is direct, and ends when that path does; with RELAY alone no address of this
            machine is shown. Which of the others succeeds is not asked: they are one race.
        mode: Which promises the messages travel with; the same at both ends. TCP is always
            reliable. None: datagrams or bytes as they are, for ends that are not Packhorse.
        timeout: Seconds until the pipe must work, 0.1..600.
        relay: Where the invite does not name it.
        password: Of the room.
        tls: Certificates to trust; None takes those of the system. They are always checked.
        bind: Own address to speak from, which chooses the interface; not to a room, which
            uses all of them.
        birthday: To a room: try many ports of a router that gives them out at random, where
            the other end wants that, too; see `host`.

    Raises:
        ConfigurationError: An argument is malformed, or they contradict each other.
        ConnectivityError: The other end cannot be reached.
        PackhorseError: The room cannot be joined; `stage` and `advice` say more.
    """
    where = parse_target(target)
    _check(where, strategies, mode)
    _check_birthday(where, birthday)
    check_timeout(timeout)
    if where.scheme is Scheme.ROOM:
        if bind is not None:
            raise ConfigurationError("a room uses all interfaces", "leave `bind` away")
        allowed = frozenset(strategies)
        room = join_room(
            relay,
            where.host,
            password=password,
            timeout=timeout,
            relay_only=not allowed & _NOT_THE_RELAY,
            birthday=birthday,
        )
        return await _open_in_room(room, allowed, mode, timeout)
    try:
        if where.scheme is Scheme.UDP:
            return await _open_over_udp(where, mode, timeout, bind)
        async with asyncio.timeout(timeout):
            context = (tls or ssl.create_default_context()) if where.scheme is Scheme.TLS else None
            return await connect_tcp(
                where.host, where.port, is_stream=mode is None, tls=context, bind=bind
            )
    except (OSError, UnicodeError, PipeClosedError) as error:  # UnicodeError: no form of a name
        reason = str(error) or f"no answer within {timeout:.1f} s"
        attempts = (f"{where.scheme} {where.host} port {where.port}: {reason}",)
        raise ConnectivityError("opening a pipe", attempts, _ADVICE) from error


@asynccontextmanager
async def listen_pipes(
    where: TargetLike,
    *,
    mode: Mode | None = Mode.RELIABLE,
    tls: ssl.SSLContext | None = None,
    password: str | None = None,
    relay_only: bool = False,
    birthday: bool = False,
) -> AsyncIterator[PipeListener]:
    """Accept pipes; iterate over the result, whose `address` is what `open_pipe` takes.

    Args:
        where: `udp://host:port` or `(host, port)`; `tcp://host:port`, `tls://host:port`; port
            0 takes a free one. Or `relay://host[:port]`: opens a room there.
        mode: As for `open_pipe`.
        tls: Own certificate; `tls://` needs it.
        password: Of the room.
        relay_only: Show no address of this machine to the room.
        birthday: As for `open_pipe`.

    Raises:
        ConfigurationError: An argument is malformed, or they contradict each other.
        ConnectivityError: The address cannot be had.
        PackhorseError: The room cannot be had; `stage` and `advice` say more.
    """
    target = parse_listening(where)
    _check(target, EVERY_STRATEGY, mode)
    _check_birthday(target, birthday)
    if (target.scheme is Scheme.TLS) != (tls is not None):
        raise ConfigurationError("tls:// and a certificate go together", "give both, or neither")
    if target.scheme is Scheme.ROOM:
        room = host_room(
            parse_relay_address(target.host),
            password=password,
            relay_only=relay_only,
            birthday=birthday,
        )
        async with _listen_in_room(target, mode or Mode.RELIABLE, room) as listener:
            yield listener
        return
    async with await _bind(target, mode, tls) as listener:
        yield listener


def _check(target: Target, strategies: Collection[Strategy], mode: Mode | None) -> None:
    if not strategies:
        raise ConfigurationError("no strategy is left", "name at least one")
    if target.scheme is Scheme.ROOM and mode is None:
        raise ConfigurationError("a room carries messages", "choose a mode")
    if target.scheme in {Scheme.TCP, Scheme.TLS} and mode not in {None, Mode.RELIABLE}:
        raise ConfigurationError("TCP is reliable and ordered", "choose Mode.RELIABLE, or None")
    if target.scheme is not Scheme.ROOM and Strategy.DIRECT not in strategies:
        raise ConfigurationError(
            f"a pipe over {target.scheme} is direct", "let Strategy.DIRECT in, or give an invite"
        )


def _check_birthday(target: Target, birthday: bool) -> None:  # noqa: FBT001 - of this module
    if birthday and target.scheme is not Scheme.ROOM:
        raise ConfigurationError("birthday probing is for rooms", "leave `birthday` away")


async def _resolve(target: Target) -> list[tuple[str, int]]:
    """Return the first address of each family, in the order of the system."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    by_family: dict[int, tuple[str, int]] = {}
    for family, _, _, _, address in found:
        by_family.setdefault(family, (str(address[0]), int(address[1])))
    return list(by_family.values())


async def _open_over_udp(
    where: Target,
    mode: Mode | None,
    timeout: float,  # noqa: ASYNC109 - shared out
    bind: str | None,
) -> Pipe:
    """Try one address after the other; each has its share of the time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    async with asyncio.timeout_at(deadline):
        addresses = await _resolve(where)
    if bind is not None:
        addresses = [each for each in addresses if (":" in each[0]) == (":" in bind)]
    attempts: list[str] = []
    for host, port in addresses:
        share = (deadline - loop.time()) / (len(addresses) - len(attempts))
        try:
            return await connect_udp(host, port, mode, share, bind)
        except (OSError, PipeClosedError) as error:
            attempts.append(f"udp {host} port {port}: {error}")
    if not attempts:
        attempts = [f"udp {where.host}: has no address of the family of {bind}"]
    raise ConnectivityError("opening a pipe", tuple(attempts), _ADVICE)


async def _open_in_room(
    joined: AbstractAsyncContextManager[Room],
    strategies: frozenset[Strategy],
    mode: Mode | None,
    timeout: float,  # noqa: ASYNC109 - passed on
) -> Pipe:
    stack = AsyncExitStack()
    try:
        room = await stack.enter_async_context(joined)
        pipe = room.pipe(HOST, mode=mode or Mode.RELIABLE)
        reader = _read_on(room)
        stack.callback(reader.cancel)
        pipe.on_shut = stack.aclose
        if Strategy.RELAY not in strategies:
            await _wait_direct(pipe, timeout)
    except BaseException:
        await stack.aclose()
        raise
    return pipe


async def _wait_direct(pipe: RoomPipe, timeout: float) -> None:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            await pipe.direct()
    except TimeoutError:
        attempts = (f"no direct path within {timeout:.1f} s",)
        raise ConnectivityError("opening a direct pipe", attempts, _DIRECT_ADVICE) from None
    pipe.is_direct_only = True


def _read_on(room: Room) -> asyncio.Task[None]:
    """Take the events of a room that nobody else reads."""

    async def read() -> None:
        try:
            async for _event in room:
                pass
        except PackhorseError:  # its pipes know
            pass

    return asyncio.create_task(read(), name="packhorse-pipe-room")


async def _bind(target: Target, mode: Mode | None, tls: ssl.SSLContext | None) -> PipeListener:
    try:
        if target.scheme is Scheme.UDP:
            udp = UdpListener(mode)
            await udp.open(*(await _resolve(target))[0])
            return udp
        tcp = TcpListener(is_stream=mode is None, tls=tls)
        await tcp.open(target.host, target.port)
    except (OSError, UnicodeError) as error:
        attempts = (f"{target.scheme} {target.host} port {target.port}: {error}",)
        raise ConnectivityError(
            "listening for pipes", attempts, "choose another address or port"
        ) from error
    return tcp


class RoomListener(PipeListener):
    """Gives a pipe to each who joins the room."""

    def __init__(self, room: Room, relay: RelayAddress, mode: Mode) -> None:
        super().__init__()
        self.room = room
        """Of which this side is the host."""
        self._relay = relay
        self._mode = mode
        self._reader = asyncio.create_task(self._read(), name="packhorse-pipe-listener")

    @property
    def address(self) -> str:
        """The invite, which `open_pipe` takes at the other end."""
        return f"{self.room.code}@{self._relay}"

    async def _read(self) -> None:
        try:
            async for event in self.room:
                if isinstance(event, PeerJoined) and event.peer in self.room.peers:
                    self._accept(self.room.pipe(event.peer, mode=self._mode))
        except PackhorseError as error:
            self._fail(error)

    async def _shut(self) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])


@asynccontextmanager
async def _listen_in_room(
    target: Target,
    mode: Mode,
    hosted: AbstractAsyncContextManager[Room],
) -> AsyncIterator[RoomListener]:
    relay = parse_relay_address(target.host)
    async with hosted as room, RoomListener(room, relay, mode) as listener:
        yield listener
