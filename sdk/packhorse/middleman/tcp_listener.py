"""A TCP service at a client: what connects here, connects to the host's server."""

import asyncio
from collections.abc import Callable
from typing import Final

from packhorse.aio.udp import SocketAddress
from packhorse.core.events import HOST
from packhorse.core.streams.format import ResetReason
from packhorse.core.streams.multiplexer import MAX_STREAMS_PER_PEER
from packhorse.core.streams.stream import Stream
from packhorse.middleman.notices import TELL_INTERVAL, ConnectionFailed, Notice, TooManyConnections
from packhorse.middleman.taken_port import port_error
from packhorse.middleman.tcp_carrier import TcpCarrier
from packhorse.middleman.tcp_connection import Connection
from packhorse.middleman.traffic import TcpTraffic

_BACKLOG: Final = 128  # connections that wait to be accepted
# Ends that need no explanation: somebody broke the connection off.
_ORDINARY: Final = frozenset({ResetReason.RESET, ResetReason.PEER_LEFT})


class TcpListener:
    """Listens in the place of one of the host's TCP servers."""

    def __init__(
        self,
        number: int,
        bind: SocketAddress,
        carrier: TcpCarrier,
        notify: Callable[[Notice], None],
        traffic: TcpTraffic,
    ) -> None:
        """Open nothing yet; needs a running event loop.

        Args:
            number: Of the host's service, from 0.
            bind: Address literal and port to listen on; port 0 takes a free one.
            carrier: Takes the connections.
            notify: Called with what the user should know.
            traffic: Counts what is carried.
        """
        self._number = number
        self._bind = bind
        self._carrier = carrier
        self._notify = notify
        self._traffic = traffic
        self._told_at: dict[type[Notice], float] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def address(self) -> SocketAddress:
        """Where the application connects to."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def open(self) -> None:
        """Listen; connections that come before the room is joined wait for it.

        Raises:
            ConfigurationError: The address or the port cannot be had.
        """
        host, port = self._bind
        try:
            self._server = await self._loop.create_server(
                self._new_connection, host, port, backlog=_BACKLOG
            )
        except OSError as error:
            raise port_error("tcp", host, port, error) from error

    def close(self) -> None:
        """Accept no more."""
        self._server.close()

    def tell_failure(self, stream: Stream) -> None:
        """Tell the user why a stream failed, unless somebody just broke it off."""
        if stream.failure is not None and stream.failure not in _ORDINARY:
            self._traffic.refused += 1
            self._tell(ConnectionFailed(self.address, stream.failure))

    def _new_connection(self) -> Connection:
        return Connection(self._carrier, self._open_stream, self._traffic)

    def _open_stream(self) -> Stream | None:
        stream = self._carrier.open(HOST, self._number)
        if stream is None:
            self._traffic.refused += 1
            self._tell(TooManyConnections(self.address, MAX_STREAMS_PER_PEER))
        return stream

    def _tell(self, notice: Notice) -> None:
        now = self._loop.time()
        if now >= self._told_at.get(type(notice), float("-inf")) + TELL_INTERVAL:
            self._told_at[type(notice)] = now
            self._notify(notice)
