"""Every data plane behind a relay core, with sockets that are lists."""

import socket
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Final, NamedTuple, cast

from packhorse.aio.udp import OnDatagram, SocketAddress
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse_relay.core.settings import Settings
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.contract import SendTo
from packhorse_relay.dataplane.kernel.plane import KernelPlane
from packhorse_relay.dataplane.portable import PortablePlane
from tests.support.fake_kernel import FakeKernel, FakeSocket
from tests.support.kernel_program import LISTENERS, RELAY_PORT, LoadedProgram
from tests.support.packets import Packet
from tests.support.relay_harness import Outcome, Rig, Sent

FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
"""Of the UDP listeners; after them comes WebSocket."""


class Arrival(NamedTuple):
    """A datagram that came to the relay."""

    now: float
    data: bytes
    source: TransportAddress


class RecordingRig(Rig):
    """A core that forwards by itself, and remembers what came."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.arrivals: list[Arrival] = []
        self.sent: list[Sent] = []

    def send(self, data: bytes, source: TransportAddress) -> Outcome:
        self.arrivals.append(Arrival(self.now, data, source))
        outcome = super().send(data, source)
        self.sent += outcome.sent
        return outcome

    def totals(self) -> tuple[Counter[DropReason], int]:
        """Return drops by reason, and datagrams forwarded."""
        return Counter(self.core.drops), self.core.datagrams_forwarded


class _PlaneRig(Rig):
    """A core behind a data plane."""

    def __init__(self, settings: Settings, kernel: FakeKernel) -> None:
        super().__init__(settings)
        self.kernel = kernel
        self.plane = self.new_plane()
        listeners = range(len(FAMILIES) + 1)
        self.plane.use_sockets([self._sender(listener) for listener in listeners])
        self.receivers: list[OnDatagram] = [self.plane.receiver(number) for number in listeners]

    def new_plane(self) -> PortablePlane:
        raise NotImplementedError

    @property
    def sent(self) -> list[Sent]:
        return self.kernel.sent

    def totals(self) -> tuple[Counter[DropReason], int]:
        """Return drops by reason, and datagrams forwarded."""
        forwarded = self.plane.datagrams_forwarded + self.core.datagrams_forwarded
        return Counter(self.core.drops), forwarded

    def on_miss(self, data: bytes, source: SocketAddress, listener: int) -> None:
        self.kernel.sent += self.send(data, TransportAddress(*source, listener)).sent

    def take(self, arrivals: Iterable[Arrival]) -> None:
        """Let datagrams come one by one."""
        for now, data, (host, port, listener) in arrivals:
            self.now = now
            self.receivers[listener](data, (host, port))

    def _sender(self, listener: int) -> SendTo:
        def send_to(data: bytes, address: SocketAddress) -> None:
            if address in self.kernel.refused:
                raise OSError
            self.kernel.sent.append(Sent(data, TransportAddress(*address, listener)))

        return send_to


class PortableRig(_PlaneRig):
    def new_plane(self) -> PortablePlane:
        return PortablePlane(self.core.table, self.on_miss)


class BatchedRig(_PlaneRig):
    """Takes what comes together in batches."""

    def __init__(
        self, settings: Settings, kernel: FakeKernel, *, can_segment: bool = True, batch: int = 64
    ) -> None:
        super().__init__(settings, kernel)
        self._batch = batch
        plane = cast("BatchedPlane", self.plane)
        self.lanes = [
            plane.lane(
                number,
                cast("socket.socket", FakeSocket(number, family, can_segment=can_segment)),
            )
            for number, family in enumerate(FAMILIES)
        ]

    def new_plane(self) -> PortablePlane:
        return BatchedPlane(self.core.table, self.on_miss, self.kernel.system_calls())

    def take(self, arrivals: Iterable[Arrival]) -> None:
        for (now, listener), together in groupby(arrivals, lambda a: (a.now, a.source.listener)):
            self.now = now
            if listener == len(FAMILIES):
                super().take(together)
                continue
            for batch in _batches(iter(together), self._batch):
                waiting = (Sent(each.data, each.source) for each in batch)
                self.kernel.waiting[listener] = deque(waiting)
                assert self.lanes[listener].receive() == len(batch)
                self.lanes[listener].forward()


class KernelRig(BatchedRig):
    """Lets the program in the kernel have every datagram first."""

    def __init__(self, settings: Settings, kernel: FakeKernel, program: LoadedProgram) -> None:
        self._program = program
        super().__init__(settings, kernel, batch=1)

    def new_plane(self) -> PortablePlane:
        plane = KernelPlane(self.core.table, self.on_miss, self.kernel.system_calls())
        plane.use_tables(self._program.tables, len(FAMILIES), RELAY_PORT)
        return plane

    def take(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            if not self._is_forwarded(arrival):
                super().take([arrival])
            cast("KernelPlane", self.plane).lend(1)

    def totals(self) -> tuple[Counter[DropReason], int]:
        self.plane.note_forwarded()
        return super().totals()

    def _is_forwarded(self, arrival: Arrival) -> bool:
        """Tell whether the program has sent it on."""
        host, port, listener = arrival.source
        if listener == len(FAMILIES):
            return False
        own = (LISTENERS[listener][0], RELAY_PORT)
        frame = Packet(source=(host, port), destination=own, payload=arrival.data).encode()
        outcome = self._program.run(frame)
        if outcome.was_sent:
            packet = Packet.decode(outcome.frame)
            assert packet.source == own
            to = TransportAddress(*packet.destination, listener)
            self.kernel.sent.append(Sent(packet.payload, to))
        else:
            assert outcome.frame == frame
        return outcome.was_sent


def _batches(items: Iterator[Arrival], size: int) -> Iterator[list[Arrival]]:
    return iter(lambda: list(islice(items, size)), [])


def by_receiver(sent: Iterable[Sent]) -> dict[TransportAddress, list[bytes]]:
    """Return what each receiver gets, in order."""
    received: dict[TransportAddress, list[bytes]] = {}
    for data, address in sent:
        received.setdefault(address, []).append(data)
    return received
