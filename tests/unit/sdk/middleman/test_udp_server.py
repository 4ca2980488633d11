"""What the host's middleman tells of a UDP server, and whom it lets through."""

from collections.abc import AsyncIterator

import pytest

from packhorse.core.events import PeerId
from packhorse.middleman.notices import ApplicationUnreachable, NothingListens, Notice
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.middleman.udp_server import UdpServer

ADDRESS = ("127.0.0.1", 6942)
PEER = PeerId(2)


class Bench:
    """A server's end without sockets: no peer sends anything."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.traffic = Traffic()
        link = RoomLink(self.traffic, self.notices.append)
        self.server = UdpServer(
            0, ADDRESS, link, self.notices.append, self.traffic, idle_after=60.0
        )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.server.aclose()


async def test_closed_port_is_told_once_for_each_time_that_it_closes(bench: Bench) -> None:
    for _ in range(3):
        bench.server._receive_error(ConnectionRefusedError())
    bench.server._receive_answer(PEER, b"it is up")
    for _ in range(3):
        bench.server._receive_error(ConnectionResetError())  # as Windows says it

    assert bench.notices == [
        NothingListens(ADDRESS, has_listened=False),
        NothingListens(ADDRESS, has_listened=True),
    ]
    assert bench.traffic.own_drops[Drop.NOTHING_LISTENS] == 6


async def test_other_errors_are_told_once(bench: Bench) -> None:
    for _ in range(2):
        bench.server._receive_error(OSError(24, "Too many open files"))

    assert bench.notices == [ApplicationUnreachable(ADDRESS, "Too many open files")]


async def test_full_buffer_is_not_told(bench: Bench) -> None:
    bench.server._receive_error(BlockingIOError())

    assert bench.notices == []


async def test_datagram_of_a_peer_that_is_no_member_is_dropped(bench: Bench) -> None:
    bench.server.deliver(PEER, b"late")

    assert bench.traffic.own_drops == {Drop.UNKNOWN_PEER: 1}
    assert PEER not in bench.server._imitators
