"""The data plane of Linux: many datagrams by one system call, and none looked at by itself."""

import socket
from collections.abc import Sequence
from typing import ClassVar

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.dataplane.contract import OnMiss
from packhorse_relay.dataplane.lane import Lane
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.reader import Reader
from packhorse_relay.dataplane.single_reader import Clock
from packhorse_relay.dataplane.system import SystemCalls


class BatchedPlane(PortablePlane):
    """The portable data plane, but that sockets are read in batches when much comes.

    Few datagrams at a time are read one by one, as that costs less; so do datagrams of
    WebSockets, and receivers behind another socket than the sender's.
    """

    name: ClassVar = "batched"

    def __init__(
        self,
        table: ForwardingTable,
        on_miss: OnMiss,
        calls: SystemCalls | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(table, on_miss)
        self._calls = calls or SystemCalls.of_this_system()
        self._clock = clock or Clock()
        self._lanes: dict[int, Lane] = {}
        table.on_stale = self._forget

    def read(self, sockets: Sequence[UdpSocket]) -> None:
        """Read these sockets in batches, where the event loop can watch them."""
        for listener, sock in enumerate(sockets):
            lane = self.lane(listener, sock.socket)
            reader = Reader(lane, sock, self.forwarder(listener), self._clock, may_leave=True)
            sock.read_with(reader.drain)

    def lane(self, listener: int, sock: socket.socket) -> Lane:
        """Return what forwards the batches of one socket."""
        lane = Lane(self, self._table, listener, sock, self._calls)
        self._lanes[listener] = lane
        return lane

    def _forget(self, listener: int, address: SocketAddress) -> None:
        if listener in self._lanes:
            self._lanes[listener].routes.forget(address)
