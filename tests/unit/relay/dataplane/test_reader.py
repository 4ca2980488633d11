"""How much a reader takes of a socket that is read one by one."""

import socket
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.reader import Clock, Reader
from tests.support.fake_kernel import FakeKernel, FakeSocket

if TYPE_CHECKING:
    from packhorse.aio.udp import UdpSocket

INTERVAL = 1 / 5000


class Source:
    """Stands for a socket: remembers how much was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.waiting = 1

    def drain(self, most: int = 64) -> int:
        self.asked.append(most)
        return min(self.waiting, most)


@pytest.mark.parametrize(("may_leave", "asked"), [(True, 1), (False, 64)])
def test_second_datagram_is_looked_for_when_it_must_not_wait(may_leave: bool, asked: int) -> None:  # noqa: FBT001
    """The plane in the kernel would let others overtake what is left in the socket."""
    source = Source()
    reader = reader_of(source, may_leave=may_leave)
    for _ in range(40):
        reader.drain()

    assert source.asked[:32] == [64] * 32
    assert source.asked[33:] == [asked] * 7


def reader_of(source: Source, *, may_leave: bool) -> Reader:
    ticks = count()
    clock = Clock(read=lambda: next(ticks) * INTERVAL)
    plane = BatchedPlane(ForwardingTable(), lambda *_: None, FakeKernel().system_calls())
    sock = FakeSocket(0, socket.AF_INET, can_segment=True)
    lane = plane.lane(0, cast("socket.socket", sock))
    return Reader(lane, cast("UdpSocket", source), clock, may_leave=may_leave)
