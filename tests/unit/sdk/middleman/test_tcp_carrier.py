"""The carrier sends when there is place, and hands everything to whom it concerns."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from packhorse.core.events import HOST, Event, Message, PeerId, PeerJoined
from packhorse.core.streams.format import (
    FIRST_CHANNEL,
    OPENED,
    ResetReason,
    encode_open,
    encode_reset,
)
from packhorse.core.streams.multiplexer import OPEN_TIMEOUT, Multiplexer
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.tcp_carrier import TcpCarrier
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.constants import Mode
from tests.support.fake_room import FakeRoom

if TYPE_CHECKING:
    from packhorse.core.streams.stream import Stream

OPEN = encode_open(0)


class Bench:
    """A client's carrier in a room."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self.room = FakeRoom([PeerJoined(PeerId(2))])
        self.room.peers = frozenset({HOST})
        self.link = RoomLink(self.traffic, lambda _notice: None)
        self.multiplexer = Multiplexer()
        self.carrier = TcpCarrier(self.multiplexer, self.link, self.traffic)
        self.unattached: list[Stream] = []
        self.carrier.on_unattached = self.unattached.append

    async def do(self, *steps: object) -> None:
        """Call each step while the link is in the room."""

        def see(_event: Event) -> None:
            for step in steps:
                assert callable(step)
                step()

        await self.link.run(self.room, lambda _message: None, see, self.carrier.go_on)

    @property
    def sent(self) -> list[bytes]:
        """Messages so far."""
        return [message for message, _ in self.room.sent]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.carrier.aclose()


def message(data: bytes, channel: int = FIRST_CHANNEL) -> Message:
    return Message(data, HOST, Mode.RELIABLE, channel)


async def test_stream_is_opened_in_the_room(bench: Bench) -> None:
    def open_and_settle() -> None:
        assert bench.carrier.open(HOST, 0) is not None
        bench.carrier.settle(HOST)

    await bench.do(open_and_settle)

    assert bench.room.sent_in_full == [(OPEN, HOST, Mode.RELIABLE, FIRST_CHANNEL)]


async def test_message_that_finds_no_place_is_sent_after_progress(bench: Bench) -> None:
    bench.room.has_place = False
    bench.carrier.open(HOST, 0)

    def give_place() -> None:
        bench.room.has_place = True

    await bench.do(
        lambda: bench.carrier.settle(HOST),
        give_place,
        bench.carrier.go_on,
        bench.carrier.go_on,
        bench.carrier._try_again,
    )

    assert bench.sent == [OPEN]
    assert not bench.carrier._waiting


async def test_stream_that_is_opened_before_the_room_is_joined_waits_for_it(bench: Bench) -> None:
    bench.carrier.open(HOST, 0)
    bench.carrier.settle(HOST)
    assert bench.sent == []

    await bench.do(bench.carrier._try_again)

    assert bench.sent == [OPEN]


async def test_retry_comes_by_itself_after_progress(bench: Bench) -> None:
    bench.carrier.open(HOST, 0)
    bench.carrier.settle(HOST)
    bench.carrier.go_on()
    retry = bench.carrier._retry
    assert retry is not None

    bench.carrier.go_on()

    assert bench.carrier._retry is retry  # one is enough
    assert retry.when() <= asyncio.get_running_loop().time() + 0.002


async def test_message_that_makes_no_sense_is_counted(bench: Bench) -> None:
    bench.carrier.receive(message(b""))
    bench.carrier.receive(message(OPENED))
    bench.carrier.receive(message(encode_reset(ResetReason.RESET)))

    assert bench.traffic.own_drops == {Drop.BAD_MESSAGE: 3}


async def test_open_that_nobody_answers_fails(bench: Bench) -> None:
    stream = bench.carrier.open(HOST, 0)
    assert stream is not None
    await bench.do(lambda: bench.carrier.settle(HOST))
    now = asyncio.get_running_loop().time()
    deadline = bench.multiplexer.next_timeout()
    assert deadline is not None
    assert deadline - now == pytest.approx(OPEN_TIMEOUT, abs=1.0)

    bench.multiplexer.handle_timeout(now=deadline)
    bench.carrier._handle_timeout()

    assert stream.failure is ResetReason.NO_ANSWER
    assert bench.unattached[-1] is stream


async def test_peer_that_leaves_fails_its_streams(bench: Bench) -> None:
    stream = bench.carrier.open(HOST, 0)
    assert stream is not None

    bench.carrier.forget(HOST)

    assert stream.failure is ResetReason.PEER_LEFT
    assert bench.unattached == [stream]
    assert not bench.carrier._waiting
