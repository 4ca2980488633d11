"""The data plane `kernel`: what an eBPF program cannot do, `batched` does."""

import logging
from collections.abc import Callable, Sequence
from math import inf
from typing import ClassVar, Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.wire.constants import HEADER_SIZE, MAX_DATAGRAM, FirstByte
from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.contract import OnMiss
from packhorse_relay.dataplane.kernel import interfaces
from packhorse_relay.dataplane.kernel.attachment import WAYS, Attachment, load
from packhorse_relay.dataplane.kernel.mirror import Mirror
from packhorse_relay.dataplane.kernel.prerequisites import cannot_attach
from packhorse_relay.dataplane.kernel.tables import Tables
from packhorse_relay.dataplane.reader import Reader
from packhorse_relay.dataplane.single_reader import Clock
from packhorse_relay.dataplane.system import SystemCalls

logger = logging.getLogger(__name__)

_FULL: Final = 64  # datagrams of one wake-up after which more may be waiting
_PATIENCE: Final = 16  # such wake-ups in a row
_FRESH: Final = 10.0  # seconds; addresses of a machine come and go
_DATA: Final = frozenset({bytes([FirstByte.DATA]), bytes([FirstByte.FRAME])})


class KernelPlane(BatchedPlane):
    """Lets the kernel forward from one UDP member to another; the rest is as in `batched`.

    The program in the kernel has the routes that `Mirror` installed, and spends what the
    budgets of senders have lent it. It hands up what it does not understand completely, what
    it has no route for, and what the sender's loan does not cover.

    Datagrams never see the firewall of this machine, nor its sockets' buffers.
    """

    name: ClassVar = "kernel"
    attach: ClassVar = "tcx"
    """One of `attachment.WAYS`."""

    def __init__(
        self,
        table: ForwardingTable,
        on_miss: OnMiss,
        calls: SystemCalls | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(table, self._take, calls, clock)
        self._control = on_miss
        self._tables: Tables | None = None
        self._mirror: Mirror | None = None
        self._attachment: Attachment | None = None
        self._hosts: list[str] = []
        self._fresh_until = inf  # nobody has bound anything yet
        self._full = 0
        self._counted = 0

    def read(self, sockets: Sequence[UdpSocket]) -> None:
        """Load the program, attach it, and read what it hands up.

        Raises:
            ConfigurationError: No interface takes it.
            OSError: The kernel refuses the program.
        """
        self._hosts = [sock.local_address[0] for sock in sockets]
        self.use_tables(Tables(), len(sockets), sockets[0].local_address[1])
        own = self._refresh()
        names = list(dict.fromkeys(each.interface for each in own))
        done = self._attach_to(names)
        logger.info("data plane kernel, by %s on %s", self.attach, ", ".join(done))
        for listener, sock in enumerate(sockets):
            lane = self.lane(listener, sock.socket)
            reader = Reader(lane, sock, self.forwarder(listener), self._clock, may_leave=False)
            sock.read_with(self._lending(reader))

    def use_tables(self, tables: Tables, udp_listeners: int, port: int) -> Mirror:
        """Mirror routes between that many listeners into these tables."""
        tables.set_port(port)
        self._tables, self._mirror = tables, Mirror(tables, udp_listeners)
        return self._mirror

    def note_forwarded(self) -> None:
        """Bring counter and budgets up to date with what the program has forwarded."""
        if self._tables is not None and self._mirror is not None:
            self._mirror.loans.note()
            count = self._tables.datagrams_forwarded()
            self.datagrams_forwarded += count - self._counted
            self._counted = count

    def call_in(self) -> None:
        """End all loans; the next datagram of each sender comes up."""
        if self._mirror is not None:
            self._mirror.loans.call_in_all()

    def close(self) -> None:
        """Take the program away."""
        if self._attachment is not None:
            self._attachment.close()
        if self._tables is not None:
            self.call_in()
            self.note_forwarded()
            self._mirror = None
            self._tables.close()
            self._tables = None

    def lend(self, count: int) -> None:
        """Let the program have what waits for it, after a wake-up that brought `count`.

        As long as more may wait in the socket, the program would overtake it.
        """
        self._full = self._full + 1 if count >= _FULL else 0
        if self._mirror is None or 0 < self._full < _PATIENCE:
            return
        self._full = 0
        if self._mirror.has_waiting:
            self._mirror.lend()
            if self._clock.read() >= self._fresh_until:
                self._refresh()

    def _lending(self, reader: Reader) -> Callable[[], int]:
        def drain() -> int:
            count = reader.drain()
            self.lend(count)
            return count

        return drain

    def _take(self, data: bytes, source: SocketAddress, listener: int) -> None:
        """Let the control plane act on what nobody has forwarded, by the whole budget."""
        mirror = self._mirror
        if mirror is None or data[:1] not in _DATA or len(data) <= HEADER_SIZE:
            self._control(data, source, listener)
            return
        header = data[:HEADER_SIZE]
        mirror.call_in(source, header)
        self._control(data, source, listener)
        route = self._table.routes.get(listener, {}).get(source, {}).get(header)
        if route is not None and len(data) <= MAX_DATAGRAM:
            mirror.offer(listener, source, header, route)

    def _forget(self, listener: int, address: SocketAddress) -> None:
        super()._forget(listener, address)
        if self._mirror is not None:
            self._mirror.forget(listener, address)

    def _attach_to(self, names: Sequence[str]) -> list[str]:
        tables = self._tables
        if tables is None:  # pragma: no cover - `read` has made them
            return []
        way = WAYS[self.attach]
        self._attachment = Attachment(way, load(way, tables.by_name))
        done = self._attachment.attach(names)
        if not done:
            raise cannot_attach(self.attach)
        return done

    def _refresh(self) -> list[interfaces.OwnAddress]:
        own = interfaces.own_addresses(self._hosts)
        self._fresh_until = self._clock.read() + _FRESH
        if self._tables is not None:
            self._tables.set_own_addresses((each.host, each.listener) for each in own)
        return own


class XdpPlane(KernelPlane):
    """With the program in the driver of the card, where the driver can do that."""

    attach: ClassVar = "xdp"


class GenericXdpPlane(KernelPlane):
    """With the program right behind any driver."""

    attach: ClassVar = "xdp-generic"


BY_ATTACH: Final = {plane.attach: plane for plane in (KernelPlane, XdpPlane, GenericXdpPlane)}
