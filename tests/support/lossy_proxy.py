"""A UDP proxy that loses and reorders what passes through it, both ways."""

import asyncio
from functools import partial
from random import Random
from types import TracebackType
from typing import Final, Self

from packhorse.aio.udp import SocketAddress, UdpSocket

_LOOPBACK: Final = ("127.0.0.1", 0)


class LossyProxy:
    """Forwards between one member and a relay; use it as an async context manager."""

    def __init__(
        self, relay_port: int, *, loss: float, reorder: float = 0.0, hold: float = 0.02
    ) -> None:
        """Forward nothing yet.

        Args:
            relay_port: Port of the relay on the loopback interface.
            loss: Fraction of all datagrams that are lost, each way.
            reorder: Fraction that is held back, so that others overtake it.
            hold: Seconds at most for which a datagram is held back.
        """
        self.loss = loss
        self.lost = 0
        """Datagrams lost so far."""
        self.held_back = 0
        """Datagrams held back so far."""
        self._relay = ("127.0.0.1", relay_port)
        self._reorder = reorder
        self._hold = hold
        self._random = Random(f"{loss} {reorder}")  # noqa: S311 - repeatable by design
        self._member: SocketAddress | None = None

    @property
    def address(self) -> str:
        """Where the member finds it, as `host:port`."""
        host, port = self._inside.local_address
        return f"{host}:{port}"

    async def __aenter__(self) -> Self:
        self._inside = await UdpSocket.open(self._from_member, bind=_LOOPBACK)
        self._outside = await UdpSocket.open(self._from_relay, connect=self._relay)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._inside.close()
        self._outside.close()
        self.loss = 1.0  # for what is still held back

    def _from_member(self, data: bytes, source: SocketAddress) -> None:
        self._member = source
        self._forward(data, self._outside, None)

    def _from_relay(self, data: bytes, _source: SocketAddress) -> None:
        if self._member is not None:
            self._forward(data, self._inside, self._member)

    def _forward(self, data: bytes, sock: UdpSocket, target: SocketAddress | None) -> None:
        if self._random.random() < self.loss:
            self.lost += 1
        elif self._random.random() < self._reorder:
            self.held_back += 1
            delay = self._random.random() * self._hold
            send = partial(self._send_late, data, sock, target)
            asyncio.get_running_loop().call_later(delay, send)
        else:
            sock.send(data, target)

    def _send_late(self, data: bytes, sock: UdpSocket, target: SocketAddress | None) -> None:
        if self.loss < 1:
            sock.send(data, target)
