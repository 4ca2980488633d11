"""Ways to one address of a relay, and the order in which they are tried."""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from packhorse.aio.udp import OnDatagram, SocketAddress, UdpSocket
from packhorse.aio.websocket import WebSocket
from packhorse.core.events import Path
from packhorse.core.relay_address import RelayAddress, Transport
from packhorse.core.stages import Stage
from packhorse.wire.constants import WS_HEAD_START
from packhorse.wire.errors import ConnectivityError

_HEAD_START: Final = 0.25  # seconds between attempts; RFC 8305 section 5
_MAX_ADDRESSES: Final = 4


class DatagramSocket(Protocol):
    """What carries datagrams to the relay and back."""

    on_drained: Callable[[], None]
    """Called when all that came together has been handed out."""

    def send(self, data: bytes, address: SocketAddress | None = None) -> bool:
        """Send one datagram; False when it cannot be sent now."""

    def send_all(self, datagrams: Sequence[bytes], address: SocketAddress) -> None:
        """Send datagrams, as far as they can be sent now."""

    def close(self) -> None:
        """End it; harmless when closed."""


class RelayPath(Protocol):
    """A way to one address of a relay."""

    @property
    def kind(self) -> Path:
        """What it is."""

    @property
    def address(self) -> SocketAddress:
        """Where datagrams go to, and come from."""

    async def open(
        self, on_datagram: OnDatagram, on_reopened: Callable[[], None]
    ) -> DatagramSocket:
        """Open it.

        Args:
            on_datagram: Called with each datagram and `address`.
            on_reopened: Called when it was lost and is back, so that the relay sees
                another address.

        Raises:
            OSError: It cannot be opened; the text says why.
        """


@dataclass(frozen=True, slots=True)
class UdpPath:
    """UDP from a socket of its own."""

    address: SocketAddress
    kind: Path = Path.RELAY_UDP

    def __str__(self) -> str:
        return f"UDP {RelayAddress(*self.address)}"

    async def open(
        self,
        on_datagram: OnDatagram,
        on_reopened: Callable[[], None],  # noqa: ARG002 - it is never lost
    ) -> DatagramSocket:
        """Open a socket of the address's family on any interface."""
        any_host = "::" if ":" in self.address[0] else "0.0.0.0"  # noqa: S104 - see above
        return await UdpSocket.open(on_datagram, bind=(any_host, 0))


@dataclass(frozen=True, slots=True)
class WebSocketPath:
    """A WebSocket connection."""

    address: SocketAddress
    relay: RelayAddress
    """With scheme and path."""
    kind: Path = Path.RELAY_WEBSOCKET

    def __str__(self) -> str:
        host = self.relay.host
        at = "" if host == self.address[0] else f" at {self.address[0]}"
        return f"{self.relay}{at}"

    async def open(
        self, on_datagram: OnDatagram, on_reopened: Callable[[], None]
    ) -> DatagramSocket:
        """Connect within 5 s."""
        websocket = await WebSocket.open(self.relay, self.address, on_datagram)
        websocket.on_reopened = on_reopened
        return websocket


class Candidate(NamedTuple):
    """A path and when to try it."""

    path: RelayPath
    pause: float
    """Seconds after the one before, unless all before have failed already."""


def candidates(
    relay: RelayAddress, addresses: list[SocketAddress], transport: Transport
) -> list[Candidate]:
    """Return what to try, in order: UDP first, then WebSocket, without TLS and with it."""
    is_websocket_alone = bool(relay.scheme) or transport is Transport.WEBSOCKET
    groups: list[list[RelayPath]] = []
    if not is_websocket_alone:
        groups.append([UdpPath(address) for address in addresses])
    if transport is not Transport.UDP:
        urls = dict.fromkeys((relay.over("ws"), relay.over("wss")))
        groups += [[WebSocketPath(address, url) for address in addresses] for url in urls]
    found: list[Candidate] = []
    for number, group in enumerate(groups):
        after = WS_HEAD_START if number == 1 and not is_websocket_alone else _HEAD_START
        pauses = [after, *[_HEAD_START] * len(group)]
        found += [Candidate(path, pause) for path, pause in zip(group, pauses, strict=False)]
    return found


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


def describe(error: OSError) -> str:
    """Return why a path could not be opened, in words."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if error.errno == errno.ECONNREFUSED:
        return "nothing takes connections there"
    return error.strerror or str(error) or "the connection was closed"


def _interleaved(addresses: list[SocketAddress]) -> list[SocketAddress]:
    v6 = [address for address in addresses if ":" in address[0]]
    v4 = [address for address in addresses if ":" not in address[0]]
    rank = {address: index for family in (v6, v4) for index, address in enumerate(family)}
    return sorted(addresses, key=lambda address: (rank[address], ":" not in address[0]))
