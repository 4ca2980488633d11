"""The host's TCP services: each stream of a peer becomes a connection to a server."""

import asyncio
import errno
from collections.abc import Callable, Sequence
from typing import Final

from packhorse.aio.udp import SocketAddress
from packhorse.core.streams.format import ResetReason
from packhorse.core.streams.stream import Stream
from packhorse.middleman.notices import ApplicationUnreachable, NothingListens, Notice
from packhorse.middleman.tcp_carrier import TcpCarrier
from packhorse.middleman.tcp_connection import Connection
from packhorse.middleman.traffic import TcpTraffic

CONNECT_TIMEOUT: Final = 10.0  # seconds for all addresses of a server together
_NO_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_ANSWER: Final = f"no answer within {CONNECT_TIMEOUT:.0f} s"


class TcpServer:
    """A server as the host's middleman sees it."""

    def __init__(self, addresses: Sequence[SocketAddress]) -> None:
        """Know where a server may be.

        Args:
            addresses: Tried in turn, at least one.
        """
        self.addresses = tuple(addresses)
        self._has_listened = False
        self._has_told_closed = False
        self._has_told_unreachable = False

    def connected(self) -> None:
        """Note that it listens."""
        self._has_listened = True
        self._has_told_closed = self._has_told_unreachable = False

    def failed(self, error: OSError) -> Notice | None:
        """Note that it does not; return what the user should know of it."""
        address = self.addresses[0]
        if isinstance(error, ConnectionRefusedError):
            if self._has_told_closed:
                return None
            self._has_told_closed = True
            return NothingListens(address, has_listened=self._has_listened)
        if self._has_told_unreachable:
            return None
        self._has_told_unreachable = True
        problem = _NO_ANSWER if isinstance(error, TimeoutError) else error.strerror or str(error)
        return ApplicationUnreachable(address, problem)


class TcpConnector:
    """Connects streams to the servers that they name."""

    def __init__(
        self,
        servers: Sequence[TcpServer],
        carrier: TcpCarrier,
        notify: Callable[[Notice], None],
        traffic: TcpTraffic,
    ) -> None:
        """Connect nothing yet; needs a running event loop.

        Args:
            servers: By number of the service.
            carrier: Takes the connections.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
        """
        self._servers = servers
        self._carrier = carrier
        self._notify = notify
        self._traffic = traffic
        self._connecting: dict[Stream, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()

    def see(self, stream: Stream) -> None:
        """Connect a stream that is new; stop connecting one that has ended."""
        task = self._connecting.get(stream)
        if stream.is_ended:
            if task is not None:
                task.cancel()
        elif task is None:
            name = f"packhorse-connect-{stream.peer}-{stream.channel}"
            task = self._connecting[stream] = asyncio.create_task(self._connect(stream), name=name)
            task.add_done_callback(lambda _: self._connecting.pop(stream, None))

    async def aclose(self) -> None:
        """Stop connecting."""
        tasks = list(self._connecting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self, stream: Stream) -> None:
        server = self._servers[stream.service]
        try:
            await self._try_addresses(stream, server.addresses)
        except OSError as error:
            self._fail(stream, server.failed(error), error)
        else:
            server.connected()

    async def _try_addresses(self, stream: Stream, addresses: Sequence[SocketAddress]) -> None:
        """Connect to the first address that takes the connection.

        Raises:
            OSError: None does; the reason of the last one.
        """
        patience = CONNECT_TIMEOUT / len(addresses)
        for number, (host, port) in enumerate(addresses, start=1):
            try:
                async with asyncio.timeout(patience):
                    await self._loop.create_connection(lambda: self._new(stream), host, port)
            except OSError:  # a timeout too
                if number == len(addresses):
                    raise
            else:
                return

    def _new(self, stream: Stream) -> Connection:
        def confirm() -> Stream:
            stream.confirm()
            return stream

        return Connection(self._carrier, confirm, self._traffic)

    def _fail(self, stream: Stream, notice: Notice | None, error: OSError) -> None:
        self._traffic.refused += 1
        if isinstance(error, ConnectionRefusedError):
            stream.fail(ResetReason.REFUSED)
        else:
            is_ours = error.errno in _NO_RESOURCES
            stream.fail(ResetReason.BUSY if is_ours else ResetReason.UNREACHABLE)
        self._carrier.settle(stream.peer)
        if notice is not None:
            self._notify(notice)
