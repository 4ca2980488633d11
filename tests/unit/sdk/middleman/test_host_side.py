"""To which service of the host a message of a peer belongs."""

from collections.abc import AsyncIterator

import pytest

from packhorse.core.events import Event, Message, PeerId, PeerJoined, PeerLeft
from packhorse.core.streams.format import CLOSED, ResetReason, encode_open, encode_reset
from packhorse.middleman.host_side import HostSide
from packhorse.middleman.services import (
    CONTROL_CHANNEL,
    QUESTION,
    Services,
    decode_answer,
    encode_answer,
)
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.constants import Mode
from tests.support.fake_room import FakeRoom

SERVERS = [("127.0.0.1", 6942), ("127.0.0.1", 6943)]
WEB = [("127.0.0.1", 8080), ("::1", 8080)]
PEER = PeerId(2)
GONE = PeerId(9)  # not in the roster of FakeRoom


class Bench:
    """A host's middleman in a room that a test feeds."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.traffic = Traffic()
        self.side = HostSide(SERVERS, lambda _notice: None, self.traffic, tcp=[WEB])

    async def run(self, *events: Event) -> FakeRoom:
        """Let a room tell these events, and end."""
        room = FakeRoom(events)
        await self.side.run(room, self.events.append)
        return room


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    async with bench.side:
        yield bench


async def test_message_of_a_peer_that_has_left_is_dropped(bench: Bench) -> None:
    await bench.run(PeerLeft(GONE), Message(b"late", GONE))

    assert bench.events == [PeerLeft(GONE)]
    assert bench.traffic.own_drops == {Drop.UNKNOWN_PEER: 1}


async def test_peer_has_no_imitator_before_it_sends(bench: Bench) -> None:
    await bench.run(PeerJoined(PEER))

    assert all(PEER not in server._imitators for server in bench.side._udp)


async def test_channel_chooses_the_udp_server(bench: Bench) -> None:
    await bench.run(Message(b"x", PEER, channel=1))

    assert [PEER in server._imitators for server in bench.side._udp] == [False, True]


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE_ORDERED, Mode.RELIABLE])
async def test_member_may_send_datagrams_in_other_modes(bench: Bench, mode: Mode) -> None:
    await bench.run(Message(b"x", PEER, mode, 0))

    assert PEER in bench.side._udp[0]._imitators


@pytest.mark.parametrize(
    "message",
    [
        Message(b"x", PEER, channel=2),
        Message(b"x", PEER, channel=16),
        Message(b"x", PEER, Mode.RELIABLE, 2),
        Message(b"x", PEER, Mode.RELIABLE_UNORDERED, 16),
    ],
)
async def test_message_for_no_service_is_dropped(bench: Bench, message: Message) -> None:
    await bench.run(message)

    assert bench.traffic.own_drops == {Drop.NO_SERVICE: 1}


async def test_peer_that_looks_for_no_service_is_told_once_which_there_are(bench: Bench) -> None:
    lost, member = Message(b"x", GONE, channel=2), Message(b"x", PEER, channel=2)

    room = await bench.run(member, member, lost, PeerLeft(PEER), member)

    answer = (encode_answer(Services((6942, 6943), (8080,))), PEER, Mode.RELIABLE, CONTROL_CHANNEL)
    assert room.sent_in_full == [answer, answer]
    assert bench.traffic.own_drops == {Drop.NO_SERVICE: 4}


async def test_question_is_answered_with_all_services(bench: Bench) -> None:
    room = await bench.run(Message(QUESTION, PEER, Mode.RELIABLE, CONTROL_CHANNEL))

    ((answer, to, mode, channel),) = room.sent_in_full
    assert (to, mode, channel) == (PEER, Mode.RELIABLE, CONTROL_CHANNEL)
    assert decode_answer(answer) == Services((6942, 6943), (8080,))


@pytest.mark.parametrize(
    ("data", "channel"), [(b"", CONTROL_CHANNEL), (b"\x02\0\0", CONTROL_CHANNEL), (CLOSED, 16)]
)
async def test_message_that_makes_no_sense_is_dropped(
    bench: Bench, data: bytes, channel: int
) -> None:
    room = await bench.run(Message(data, PEER, Mode.RELIABLE, channel))

    assert bench.traffic.own_drops == {Drop.BAD_MESSAGE: 1}
    assert room.sent == []


async def test_stream_to_a_service_that_is_not_there_is_refused(bench: Bench) -> None:
    room = await bench.run(Message(encode_open(1), PEER, Mode.RELIABLE, 16))

    assert room.sent == [(encode_reset(ResetReason.NO_SERVICE), PEER)]
