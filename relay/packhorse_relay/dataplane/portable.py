"""The data plane of every platform: plain sockets, one send for each receiver."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from packhorse.aio.udp import OnDatagram, SocketAddress, UdpSocket
from packhorse.wire.constants import HEADER_SIZE, MAX_DATAGRAM
from packhorse_relay.core.forwarding import ForwardingTable, Receiver, Route
from packhorse_relay.dataplane.contract import OnMiss, SendTo
from packhorse_relay.dataplane.single_reader import Clock, Forward, SingleReader

_NO_ROUTES: Final[dict[bytes, Route]] = {}


class PortablePlane:
    """Forwards what the table has a route for; the rest goes to the control plane."""

    name: ClassVar = "portable"

    def __init__(self, table: ForwardingTable, on_miss: OnMiss) -> None:
        self._table = table
        self._on_miss = on_miss
        self._sends: Sequence[SendTo] = ()
        self.datagrams_forwarded = 0
        """Datagrams that went to at least one receiver by a route."""
        self.send_failures = 0
        """Copies that the system refused to send."""

    def use_sockets(self, sends: Sequence[SendTo]) -> None:
        """Set what sends a datagram, by listener."""
        self._sends = sends

    def read(self, sockets: Sequence[UdpSocket]) -> None:
        """Read these sockets one datagram after the other."""
        for listener, sock in enumerate(sockets):
            reader = SingleReader(sock, self.forwarder(listener), Clock(), may_leave=True)
            sock.read_with(reader.drain)

    def note_forwarded(self) -> None:
        """Do nothing: counters and budgets always are up to date."""

    def call_in(self) -> None:
        """Do nothing: no budget has lent anything."""

    def close(self) -> None:
        """Do nothing: the sockets are the server's."""

    def receiver(self, listener: int) -> OnDatagram:
        """Return the callback for the datagrams of one socket."""
        forward = self.forwarder(listener)

        def receive(data: bytes, source: SocketAddress) -> None:
            forward(((data, source),))

        return receive

    def forwarder(self, listener: int) -> Forward:
        """Return what acts upon datagrams of one socket, one after the other.

        What the sender's budget does not cover goes to the control plane, which fills the
        budget, or drops the datagram and tells its sender. An `OSError` of the datagrams'
        source ends it: there is nothing more, or it is about an earlier send.

        Complexity: two look-ups and two subtractions, then one concatenation and one send
        a receiver.
        """
        routes = self._table.routes.setdefault(listener, {})
        on_miss = self._on_miss

        def forward(datagrams: Iterable[tuple[bytes, SocketAddress]]) -> int:
            count = 0
            try:
                for data, source in datagrams:
                    count += 1
                    route = routes.get(source, _NO_ROUTES).get(data[:HEADER_SIZE])
                    if route is None or not HEADER_SIZE < len(data) <= MAX_DATAGRAM:
                        on_miss(data, source, listener)
                        continue
                    budget = route.budget
                    if budget.octets <= 0 or budget.datagrams <= 0:
                        on_miss(data, source, listener)
                        continue
                    copies = len(route.receivers)
                    budget.octets -= copies * len(data)
                    budget.datagrams -= copies
                    self.datagrams_forwarded += 1
                    self.send_copies(route.receivers, data[HEADER_SIZE:])
            except OSError:
                return count
            return count

        return forward

    def send_copies(self, receivers: Iterable[Receiver], payload: bytes) -> None:
        """Send a payload to each receiver by its listener."""
        sends = self._sends
        for prefix, listener, address in receivers:
            try:
                sends[listener](prefix + payload, address)
            except OSError:
                self.send_failures += 1
