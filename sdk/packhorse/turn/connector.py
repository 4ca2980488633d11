"""From a list of TURN servers to one allocation: all ways are raced."""

import asyncio
import socket
import ssl
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from packhorse.turn.client import OnData, StreamTurnClient, TurnClient, TurnDrop, UdpTurnClient
from packhorse.turn.servers import Carried, ServerWay
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ConnectivityError, PackhorseError, TurnError

_STAGGER: Final = 0.3  # seconds after which the next way is tried, too
_LIFETIME: Final = 600  # seconds wished for an allocation (RFC 8656 section 3.2)
_BUFFER_SIZE: Final = 1 << 20  # bytes wanted of the kernel, which may grant less
_ADVICE: Final = (
    "check the server's name and that it is running, that this machine is online, and that no "
    "firewall blocks both UDP and TCP"
)


class Granted(NamedTuple):
    """An allocation."""

    client: TurnClient
    relayed: TransportAddress
    mapped: TransportAddress
    way: ServerWay


class Connector:
    """Makes allocations at the first server that answers."""

    def __init__(
        self,
        ways: list[ServerWay],
        username: str,
        password: str,
        family: int | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.drops: Counter[TurnDrop] = Counter()
        """What came from servers and went no further, by reason."""
        self._ways = ways
        self._username = username
        self._password = password
        self._family = family
        self._tls = tls

    async def connect(self, on_data: OnData, deadline: float) -> Granted:
        """Return the first allocation that a server gives within `deadline` seconds.

        Raises:
            TurnError: A server refused, and no other gave one.
            ConnectivityError: No server answered.
        """
        errors: dict[ServerWay, str] = {}
        refusals: list[TurnError] = []
        tasks: dict[asyncio.Task[Granted], ServerWay] = {}
        try:
            async with asyncio.timeout(deadline):
                for way in self._ways:
                    work = self._try(way, on_data)
                    tasks[asyncio.create_task(work, name=f"packhorse-turn-{way}")] = way
                    granted = await _first(tasks, errors, refusals, _STAGGER)
                    if granted is not None:
                        return granted
                while tasks:
                    granted = await _first(tasks, errors, refusals, None)
                    if granted is not None:
                        return granted
        except TimeoutError:
            errors |= dict.fromkeys(tasks.values(), "no answer")
        finally:
            await _end(tasks)
        if refusals:
            raise refusals[0]
        attempts = tuple(f"{way}: {error}" for way, error in errors.items())
        raise ConnectivityError("allocating at a TURN server", attempts, _ADVICE)

    async def _try(self, way: ServerWay, on_data: OnData) -> Granted:
        client = await self._open(way, on_data)
        try:
            relayed, mapped = await client.allocate(self._family)
        except BaseException:
            client.close()
            raise
        return Granted(client, relayed, mapped, way)

    async def _open(self, way: ServerWay, on_data: OnData) -> TurnClient:
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_DGRAM if way.carried is Carried.UDP else socket.SOCK_STREAM
        found = await loop.getaddrinfo(way.host, way.port, type=kind)
        host, port = found[0][4][:2]
        address = TransportAddress(str(host), int(port))
        parts = (address, self._username, self._password, _LIFETIME, on_data, self.drops)
        if way.carried is Carried.UDP:
            transport, udp = await loop.create_datagram_endpoint(
                partial(UdpTurnClient, *parts), remote_addr=(address.host, address.port)
            )
            _enlarge(transport.get_extra_info("socket"))
            return udp
        options: dict[str, Any] = {}
        if way.carried is Carried.TLS:
            context = self._tls or ssl.create_default_context()
            options = {"ssl": context, "server_hostname": way.host}
        _, stream = await loop.create_connection(
            partial(StreamTurnClient, *parts), address.host, address.port, **options
        )
        return stream


async def _first(
    tasks: dict[asyncio.Task[Granted], ServerWay],
    errors: dict[ServerWay, str],
    refusals: list[TurnError],
    timeout: float | None,  # noqa: ASYNC109 - as of `asyncio.wait`
) -> Granted | None:
    """Return what the first task gives; note why others failed."""
    done, _ = await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        error = task.exception()
        if error is None:
            del tasks[task]
            return task.result()
        errors[tasks.pop(task)] = str(error)
        if isinstance(error, TurnError):
            refusals.append(error)
        elif not isinstance(error, OSError | UnicodeError | PackhorseError):
            raise error
    return None


async def _end(tasks: dict[asyncio.Task[Granted], ServerWay]) -> None:
    """Give back what other tasks have got meanwhile, and stop them."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Granted):
            result.client.close()


def _enlarge(sock: socket.socket) -> None:
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_SIZE)
