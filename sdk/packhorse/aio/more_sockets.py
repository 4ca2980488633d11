"""Sockets from which one address each is checked (SPEC.md sections 18.7 and 18.8)."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.direct.channel import DirectDatagram
from packhorse.wire.address import TransportAddress

_ANY: Final = {False: "0.0.0.0", True: "::"}  # noqa: S104 - peers are anywhere


class MoreSockets:
    """One socket for each number, opened when something is first sent from it."""

    def __init__(
        self,
        on_datagram: Callable[[bytes, TransportAddress], None],
        on_drained: Callable[[], None],
    ) -> None:
        """Open nothing yet.

        Args:
            on_datagram: Called with each datagram and its source, whose listener is the number.
            on_drained: Called when all that came together has been handed out.
        """
        self._on_datagram = on_datagram
        self._on_drained = on_drained
        self._opened: dict[int, UdpSocket] = {}
        self._opening: dict[int, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._opened) + len(self._opening)

    def send(self, datagram: DirectDatagram) -> None:
        """Send from the socket that the address names; what the system refuses is lost."""
        number = datagram.address.listener
        opened = self._opened.get(number)
        if opened is not None:
            opened.send(datagram.data, datagram.address[:2])
        elif number not in self._opening:
            self._opening[number] = asyncio.create_task(self._open_and_send(datagram))

    def keep(self, numbers: Collection[int]) -> None:
        """Close all sockets but these."""
        for number in [each for each in self._opening if each not in numbers]:
            self._opening.pop(number).cancel()
        for number in [each for each in self._opened if each not in numbers]:
            self._opened.pop(number).close()

    async def _open_and_send(self, first: DirectDatagram) -> None:
        number = first.address.listener

        def receive(data: bytes, source: SocketAddress) -> None:
            self._on_datagram(data, TransportAddress(*source[:2], number))

        with suppress(OSError):  # too many files are open: fewer sockets have to do
            bind = (_ANY[":" in first.address.host], 0)
            opened = await UdpSocket.open(receive, bind=bind)
            opened.on_drained = self._on_drained
            self._opened[number] = opened
            opened.send(first.data, first.address[:2])
        self._opening.pop(number, None)
