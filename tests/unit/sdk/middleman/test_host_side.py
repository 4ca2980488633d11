"""What the host's middleman tells of its server, and whom it lets through."""

from collections.abc import AsyncIterator

import pytest

from packhorse.core.events import Event, Message, PeerId, PeerJoined, PeerLeft
from packhorse.middleman.host_side import HostSide
from packhorse.middleman.notices import ApplicationUnreachable, NothingListens, Notice
from packhorse.middleman.traffic import Drop, Traffic
from tests.support.fake_room import FakeRoom

SERVER = ("127.0.0.1", 6942)
PEER = PeerId(2)


class Bench:
    """A host's middleman without sockets: no peer sends anything."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.traffic = Traffic()
        self.side = HostSide(SERVER, self.notices.append, self.traffic)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    async with bench.side:
        yield bench


async def test_closed_port_is_told_once_for_each_time_that_it_closes(bench: Bench) -> None:
    for _ in range(3):
        bench.side._receive_error(ConnectionRefusedError())
    bench.side._receive_answer(PEER, b"it is up")
    for _ in range(3):
        bench.side._receive_error(ConnectionResetError())  # as Windows says it

    assert bench.notices == [
        NothingListens(SERVER, has_listened=False),
        NothingListens(SERVER, has_listened=True),
    ]
    assert bench.traffic.own_drops[Drop.NOTHING_LISTENS] == 6


async def test_other_errors_are_told_once(bench: Bench) -> None:
    for _ in range(2):
        bench.side._receive_error(OSError(24, "Too many open files"))

    assert bench.notices == [ApplicationUnreachable(SERVER, "Too many open files")]


async def test_full_buffer_is_not_told(bench: Bench) -> None:
    bench.side._receive_error(BlockingIOError())

    assert bench.notices == []


async def test_message_of_a_peer_that_has_left_is_dropped(bench: Bench) -> None:
    events: list[Event] = []
    gone = PeerId(9)  # not in the roster of FakeRoom

    await bench.side.run(FakeRoom([PeerLeft(gone), Message(b"late", gone)]), events.append)

    assert events == [PeerLeft(gone)]
    assert bench.traffic.own_drops == {Drop.UNKNOWN_PEER: 1}


async def test_peer_has_no_imitator_before_it_sends(bench: Bench) -> None:
    await bench.side.run(FakeRoom([PeerJoined(PEER)]), lambda _event: None)

    assert PEER not in bench.side._imitators
