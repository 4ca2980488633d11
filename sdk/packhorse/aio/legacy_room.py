"""The room of a legacy relay, with the face of `Room` as far as a middleman needs it."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Self

from packhorse.aio.connect import check_timeout
from packhorse.aio.driver import Driver
from packhorse.aio.paths import UdpPath, resolve
from packhorse.aio.udp import SocketAddress
from packhorse.core.events import Closed, Event, Joined, Message, PeerId
from packhorse.core.legacy_session import MAX_PAYLOAD, REGISTERING, LegacySession, unanswered
from packhorse.core.relay_address import (
    RelayAddress,
    Transport,
    check_transport,
    parse_relay_address,
)
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ConnectivityError, PackhorseError, SessionClosedOK

_MAX_EVENTS: Final = 4096  # that wait for the application; further messages are dropped


class LegacyRoom:
    """One id at a legacy relay; iterate over it for its events."""

    def __init__(self, driver: Driver[LegacySession]) -> None:
        self.on_message: Callable[[Message], None] | None = None
        """Called with each message as it comes; while set, messages are not iterated over."""
        self._driver = driver
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._has_news = asyncio.Event()
        self._joined: asyncio.Future[None] = self._loop.create_future()
        self._closed: asyncio.Future[PackhorseError | None] = self._loop.create_future()
        driver.on_event = self._on_event

    @property
    def peer_id(self) -> PeerId:
        """Own id; the host is 1."""
        return self._driver.session.peer_id

    @property
    def peers(self) -> frozenset[PeerId]:
        """Ids of the others: at the host those that were heard, else the host alone."""
        return self._driver.session.peers

    @property
    def max_payload(self) -> int:
        """Largest message, bytes."""
        return MAX_PAYLOAD

    @property
    def rtt(self) -> float | None:
        """None: the legacy protocol has nothing to measure it with."""
        return None

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were received but not acted upon, by reason."""
        return self._driver.session.drops

    def try_send(self, data: bytes, *, to: int) -> bool:
        """Send a message at once; False when the system has no place for it now.

        Args:
            data: 1 to `max_payload` bytes.
            to: Another id.

        Raises:
            LocalProtocolError: An argument is outside these bounds.
            SessionClosedError: The session has ended.
        """
        if self._closed.done():
            raise self._closed.result() or SessionClosedOK()
        now = self._loop.time()
        return self._driver.send(self._driver.session.encode_data(data, to, now=now))

    async def open(self) -> None:
        """Register; returns when the relay has echoed.

        Raises:
            OSError: No socket can be had for the relay's address family.
            TransactionTimeoutError: The relay did not answer within 5.75 s.
        """
        await self._driver.open()
        await self._joined

    def close(self) -> None:
        """Stop, which the protocol has no way to tell; harmless when closed."""
        self._driver.session.leave()
        self._finish(None)
        self._driver.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            StopAsyncIteration: This side has left.
            SessionClosedByError: The relay was silent for too long.
        """
        while not self._events:
            if self._closed.done():
                error = self._closed.result()
                raise StopAsyncIteration if error is None else error
            self._has_news.clear()
            await self._has_news.wait()
        return self._events.popleft()

    def _on_event(self, event: Event) -> None:
        match event:
            case Message() if self.on_message is not None:
                self.on_message(event)
            case Message() if len(self._events) >= _MAX_EVENTS:
                self.drops[DropReason.BUFFER_FULL] += 1
            case Joined():
                if not self._joined.done():
                    self._joined.set_result(None)
            case Closed(error):
                self._finish(error)
            case _:
                self._events.append(event)
                self._has_news.set()

    def _finish(self, error: PackhorseError | None) -> None:
        if self._closed.done():
            return
        self._closed.set_result(error)
        self._has_news.set()
        if error is None:
            self._joined.cancel()
        elif not self._joined.done():
            self._joined.set_exception(error)


@asynccontextmanager
async def legacy_room(
    relay: str | RelayAddress,
    peer_id: int,
    *,
    timeout: float = 15.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
) -> AsyncIterator[LegacyRoom]:
    """Register an id at a legacy relay and give it up at the end of the block.

    IPv4 addresses of the relay are tried first: legacy relays often have no other, and
    two at once would be two claims to one id.

    Args:
        relay: `host` or `host:port`.
        peer_id: 1 to be the host, else 2..2^31-1.
        timeout: Seconds until the relay must have answered, 0.1..600.

    Raises:
        PackhorseError: The relay cannot be had; `stage` and `advice` say more.
    """
    check_timeout(timeout)
    address = parse_relay_address(relay)
    check_transport(Transport.UDP, address)
    try:
        async with asyncio.timeout(timeout):
            addresses = sorted(await resolve(address), key=lambda found: ":" in found[0])
            room = await _first_open(addresses, peer_id)
    except TimeoutError as error:
        if isinstance(error, PackhorseError):
            raise
        raise unanswered(peer_id, 0, timeout) from None
    try:
        yield room
    finally:
        room.close()


async def _first_open(addresses: list[SocketAddress], peer_id: int) -> LegacyRoom:
    """Return the room at the first address that answers.

    Raises:
        PackhorseError: That of the first address, when none answers.
    """
    errors: list[PackhorseError] = []
    for address in addresses:
        now = asyncio.get_running_loop().time()
        session = LegacySession(peer_id, TransportAddress(*address), now=now)
        room = LegacyRoom(Driver(session, UdpPath(address)))
        try:
            await room.open()
        except (PackhorseError, OSError) as error:
            room.close()
            errors.append(_typed(error, address))
        except BaseException:
            room.close()
            raise
        else:
            return room
    raise errors[0]


def _typed(error: PackhorseError | OSError, address: SocketAddress) -> PackhorseError:
    if isinstance(error, PackhorseError):
        return error
    attempt = f"{address[0]}: {error.strerror or error}"
    return ConnectivityError(REGISTERING, (attempt,), "check that this machine is online")
