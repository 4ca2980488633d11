"""What a datagram costs in user space with 10 members, and with 10,000.

Rooms of ten, of whom all address all, in an order that repeats nothing before each has sent
to each: so nothing stays in the processor's caches that does not fit there. System calls
are left out.
"""

import socket
import time
from collections import deque
from collections.abc import Iterator
from random import Random
from statistics import median
from typing import Final

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import decode_header, encode_destination
from packhorse_relay.core.forwarding import Endpoint, ForwardingTable, Group
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.lane import Lane
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.system import SystemCalls
from tests.support.fake_kernel import FakeKernel
from tests.support.relay_harness import Sent

MEMBERS: Final = (10, 100, 1_000, 10_000)
ROOM: Final = 10
LEAST: Final = 20_000  # datagrams of a run
RUNS: Final = 5
PAYLOAD: Final = bytes(100)

Arrivals = list[tuple[bytes, tuple[str, int]]]


def test_cost_of_a_datagram_by_members() -> None:
    print(f"\nuser space us a datagram, rooms of {ROOM}, median (min-max) of {RUNS} runs; share")
    print("of datagrams that went to the control plane")
    for count in MEMBERS:
        table, arrivals = full_rooms(count)
        for name, costs, missed in (by_portable(table, arrivals), by_batched(table, arrivals)):
            spread = f"{median(costs):.2f} ({min(costs):.2f}-{max(costs):.2f})"
            print(f"  {count:6,} members, {name:8} {spread}, {missed:.1%}")


def full_rooms(count: int) -> tuple[ForwardingTable, Arrivals]:
    """Return a table with members, and a datagram from each to each other and to all."""
    table, arrivals, group = ForwardingTable(), Arrivals(), Group(is_star=False)
    for number in range(count):
        peer = number % ROOM + 1
        if peer == 1:
            group = Group(is_star=False)
        host = f"10.0.{number // 250}.{number % 250 + 1}"
        table.attach(Endpoint(group, peer, 1, TransportAddress(host, 40000)))
        for destination in range(ROOM + 1):
            if destination != peer:
                header = encode_destination(FirstByte.DATA, 1, destination)
                arrivals.append((header + PAYLOAD, (host, 40000)))
    return table, arrivals


class Control:
    """Forwards what comes to it, as the control plane does, and counts it."""

    def __init__(self, table: ForwardingTable) -> None:
        self._table = table
        self.taken = 0

    def take(self, data: bytes, source: tuple[str, int], listener: int) -> None:
        self.taken += 1
        self._table.resolve(data, decode_header(data), TransportAddress(*source, listener))


def by_portable(table: ForwardingTable, arrivals: Arrivals) -> tuple[str, list[float], float]:
    """Return name, costs and the share that was missed."""
    control = Control(table)
    plane = PortablePlane(table, control.take)
    plane.use_sockets([lambda _data, _address: None])
    forward = plane.forwarder(0)
    costs = []
    for order in orders(arrivals):
        control.taken = 0
        before = time.process_time()
        forward(order)
        costs.append((time.process_time() - before) / len(order) * 1e6)
    return plane.name, costs[1:], control.taken / len(order)


def by_batched(table: ForwardingTable, arrivals: Arrivals) -> tuple[str, list[float], float]:
    """Likewise."""
    control, waiting = Control(table), FakeKernel()
    calls = SystemCalls(waiting.receive, lambda _fd, _messages, count: count)
    plane = BatchedPlane(table, control.take, calls)
    plane.use_sockets([lambda _data, _address: None])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        lane, costs = plane.lane(0, sock), []
        for order in orders(arrivals):
            control.taken = 0
            queue = waiting.waiting.setdefault(sock.fileno(), deque())
            queue.extend(Sent(data, TransportAddress(*source)) for data, source in order)
            costs.append(forward_all(lane) / len(order) * 1e6)
    return plane.name, costs[1:], control.taken / len(order)


def forward_all(lane: Lane) -> float:
    """Forward batches as long as there are any; returns seconds without receiving them."""
    spent = 0.0
    while lane.receive():
        before = time.process_time()
        lane.forward()
        spent += time.process_time() - before
    return spent


def orders(arrivals: Arrivals) -> Iterator[Arrivals]:
    """Yield the datagrams of one run more than are measured: in the first all are new."""
    random = Random(0)  # noqa: S311 - repeatable by design
    for _ in range(RUNS + 1):
        order = arrivals * max(1, LEAST // len(arrivals))
        random.shuffle(order)
        yield order
