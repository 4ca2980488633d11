"""The second UDP port of a relay, for STUN only: a socket for each address it listens on."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.wire.address import MAX_PORT
from packhorse_relay.aio.source_addresses import prefer_stable_address
from packhorse_relay.core.stun_answers import StunAnswers

logger = logging.getLogger(__name__)

NEXT_PORT: Final = -1
"""Instead of a port: the one after the data port, if it can be had."""


class StunPorts:
    """Opens and closes the sockets; what they receive goes to the core."""

    def __init__(self, wanted: int, first_listener: int) -> None:
        """Open nothing yet.

        Args:
            wanted: Port; 0 for none, `NEXT_PORT`.
            first_listener: Number that the first socket has as a listener.
        """
        self._wanted = wanted
        self._first = first_listener
        self._sockets: list[UdpSocket] = []

    @property
    def port(self) -> int | None:
        """The port, or None without one."""
        return self._sockets[0].local_address[1] if self._sockets else None

    @property
    def sockets(self) -> list[UdpSocket]:
        """The sockets in the order of their listeners."""
        return self._sockets

    @property
    def by_listener(self) -> dict[int, UdpSocket]:
        """The sockets by the numbers that they have as listeners."""
        return dict(enumerate(self._sockets, self._first))

    async def open(
        self,
        bind: Sequence[str],
        data_port: int,
        *,
        is_data_port_free: bool,
        receive: Callable[[bytes, SocketAddress, int], None],
    ) -> None:
        """Open a socket on each address; with `NEXT_PORT` a port that is taken does no harm.

        Args:
            bind: Addresses.
            data_port: Port of the relay.
            is_data_port_free: The system has chosen the data port: it may choose this one, too.
            receive: Called with each datagram, its source and its listener.

        Raises:
            OSError: The port that was asked for cannot be had.
        """
        if self._wanted == 0:
            return
        after = 0 if is_data_port_free or data_port == MAX_PORT else data_port + 1
        port = after if self._wanted == NEXT_PORT else self._wanted
        try:
            await self._bind_all(bind, port, receive)
        except OSError as error:
            self.close()
            if self._wanted != NEXT_PORT:
                raise
            logger.warning("no second port for STUN: %s: %s", port, error.strerror)

    def introduce(self, stun: StunAnswers) -> None:
        """Tell what answers STUN which ports belong together."""
        others: dict[int, int] = {}
        ports: dict[int, int] = {}
        for index, sock in enumerate(self._sockets):
            listener = self._first + index
            others |= {index: listener, listener: index}
            ports[listener] = sock.local_address[1]
        stun.use_second_port(others, ports)

    def close(self) -> None:
        """Close the sockets; harmless when closed."""
        sockets, self._sockets = self._sockets, []
        for sock in sockets:
            sock.close()

    async def _bind_all(
        self,
        bind: Sequence[str],
        port: int,
        receive: Callable[[bytes, SocketAddress, int], None],
    ) -> None:
        for host in bind:
            listener = self._first + len(self._sockets)
            sock = await UdpSocket.open(_to_listener(receive, listener), bind=(host, port))
            prefer_stable_address(sock.socket)
            self._sockets.append(sock)
            port = sock.local_address[1]


def _to_listener(
    receive: Callable[[bytes, SocketAddress, int], None], listener: int
) -> Callable[[bytes, SocketAddress], None]:
    def hand_on(data: bytes, source: SocketAddress) -> None:
        receive(data, source, listener)

    return hand_on
