"""How much a reader takes of a socket that is read one by one."""

import socket
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.reader import Reader
from packhorse_relay.dataplane.single_reader import Clock
from tests.support.fake_kernel import FakeKernel, FakeSocket

if TYPE_CHECKING:
    from packhorse.aio.udp import UdpSocket

INTERVAL = 1 / 5000


class Source:
    """Stands for a socket in which one datagram waits; counts what was asked for."""

    family = socket.AF_INET
    received = 0

    def __init__(self) -> None:
        self.asked: list[int] = []

    @property
    def socket(self) -> "Source":
        return self

    def recvfrom(self, _size: int) -> tuple[bytes, tuple[str, int]]:
        self.asked[-1] += 1
        if self.asked[-1] > 1:
            raise BlockingIOError
        return b"", ("192.0.2.1", 40000)


@pytest.mark.parametrize(("may_leave", "asked"), [(True, 1), (False, 2)])
def test_second_datagram_is_looked_for_when_it_must_not_wait(may_leave: bool, asked: int) -> None:  # noqa: FBT001
    """The plane in the kernel would let others overtake what is left in the socket."""
    source = Source()
    reader = reader_of(source, may_leave=may_leave)
    for _ in range(40):
        source.asked.append(0)
        reader.drain()

    assert source.asked[:8] == [2] * 8
    assert source.asked[8:39] == [asked] * 31
    assert source.asked[39] == 2


def reader_of(source: Source, *, may_leave: bool) -> Reader:
    ticks = count()
    clock = Clock(read=lambda: next(ticks) * INTERVAL)
    plane = BatchedPlane(ForwardingTable(), lambda *_: None, FakeKernel().system_calls())
    sock = FakeSocket(0, socket.AF_INET, can_segment=True)
    lane = plane.lane(0, cast("socket.socket", sock))
    read = cast("UdpSocket", source)
    return Reader(lane, read, plane.forwarder(0), clock, may_leave=may_leave)
