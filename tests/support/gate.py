"""A way to a relay that can be shut, as when a network goes away."""

import asyncio
from functools import partial
from typing import Self

from packhorse.aio.udp import SocketAddress, UdpSocket


class Gate:
    """An async context manager that forwards datagrams both ways while it is open.

    Attributes:
        is_open: Set it to False to lose everything.
    """

    def __init__(self, relay: SocketAddress, *, collect: float = 0.0) -> None:
        """Forward nothing yet.

        Args:
            relay: Where datagrams of members go.
            collect: Seconds for which datagrams to members are collected, to arrive at
                once, as happens to a program that the system lets run only now and then.
        """
        self.is_open = True
        self._relay = relay
        self._collect = collect
        self._collected: list[tuple[bytes, SocketAddress]] = []
        self._backs: dict[SocketAddress, UdpSocket] = {}
        self._opening: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where members find it, on 127.0.0.1."""
        return self._front.local_address[1]

    @property
    def address(self) -> str:
        """Where members find it, as `host:port`."""
        host, port = self._front.local_address
        return f"{host}:{port}"

    def change_ports(self) -> None:
        """Let the relay see members at other ports from their next datagrams on, as a NAT may."""
        for sock in self._backs.values():
            sock.close()
        self._backs.clear()

    async def __aenter__(self) -> Self:
        self._front = await UdpSocket.open(self._from_member, bind=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await asyncio.gather(*self._opening)
        self.is_open = False
        for sock in (self._front, *self._backs.values()):
            sock.close()

    def _from_member(self, data: bytes, source: SocketAddress) -> None:
        if not self.is_open:
            return
        back = self._backs.get(source)
        if back is not None:
            back.send(data)
            return
        task = asyncio.create_task(self._open(data, source))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, data: bytes, source: SocketAddress) -> None:
        receive = partial(self._from_relay, source)
        self._backs[source] = await UdpSocket.open(receive, connect=self._relay)
        self._backs[source].send(data)

    def _from_relay(self, member: SocketAddress, data: bytes, _source: SocketAddress) -> None:
        if not self._collected:
            asyncio.get_running_loop().call_later(self._collect, self._release)
        self._collected.append((data, member))

    def _release(self) -> None:
        collected, self._collected = self._collected, []
        for data, member in collected:
            if self.is_open:
                self._front.send(data, member)
