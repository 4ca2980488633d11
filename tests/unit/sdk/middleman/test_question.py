"""The host is asked once; its answer, or its silence, is told."""

import asyncio

import pytest

from packhorse.core.events import HOST, Event, PeerFound, PeerId, PeerLost
from packhorse.middleman.client_side import ClientSide
from packhorse.middleman.notices import HostSilent, Notice, ServiceMissing
from packhorse.middleman.question import ANSWER_WITHIN, Question
from packhorse.middleman.services import (
    CONTROL_CHANNEL,
    QUESTION,
    Services,
    Wanted,
    encode_answer,
)
from packhorse.middleman.traffic import Traffic
from packhorse.wire.constants import Mode
from packhorse.wire.errors import ConfigurationError, ParseError
from tests.support.fake_room import FakeRoom


class Asked:
    """A question that was asked in a room."""

    def __init__(self, udp: int, tcp: int) -> None:
        self.notices: list[Notice] = []
        self.room = FakeRoom()
        self.room.peers = frozenset({HOST})
        self.room.peer_id = PeerId(2)
        self.question = Question(Wanted(udp, tcp), self.notices.append)
        self.question.ask(self.room)


async def test_question_is_a_reliable_message_to_the_host() -> None:
    asked = Asked(1, 1)

    assert asked.room.sent_in_full == [(QUESTION, HOST, Mode.RELIABLE, CONTROL_CHANNEL)]
    asked.question.close()


async def test_only_the_first_answer_counts() -> None:
    asked = Asked(udp=1, tcp=1)

    asked.question.answer(encode_answer(Services(udp=(6942,))))
    asked.question.answer(encode_answer(Services()))

    assert asked.notices == [ServiceMissing("tcp", 1, 0)]


async def test_answer_that_has_nothing_of_what_is_wanted_is_an_error() -> None:
    asked = Asked(udp=0, tcp=1)

    with pytest.raises(ConfigurationError, match="none of these services, but UDP 6942"):
        asked.question.answer(encode_answer(Services(udp=(6942,))))


async def test_nonsense_is_no_answer_and_the_right_one_may_follow() -> None:
    asked = Asked(udp=2, tcp=0)

    with pytest.raises(ParseError):
        asked.question.answer(b"nonsense")
    asked.question.answer(encode_answer(Services(udp=(6942,))))

    assert asked.notices == [ServiceMissing("udp", 2, 1)]


async def test_silence_is_told_and_an_answer_after_it_counts() -> None:
    asked = Asked(udp=0, tcp=2)

    asked.question.close()
    asked.question._give_up()
    asked.question.answer(encode_answer(Services(tcp=(25565,))))

    assert asked.notices == [HostSilent(), ServiceMissing("tcp", 2, 1)]


def is_waiting(asked: Asked) -> bool:
    return asked.question._timer is not None


async def test_silence_of_a_host_that_is_lost_is_blamed_on_no_other_program() -> None:
    asked = Asked(udp=0, tcp=1)

    asked.question.watch(PeerLost(PeerId(3)))
    assert is_waiting(asked)
    asked.question.watch(PeerLost(HOST))

    assert not is_waiting(asked)
    assert asked.notices == []


async def test_host_that_is_back_has_the_whole_time_to_answer() -> None:
    asked = Asked(udp=0, tcp=1)

    asked.question.watch(PeerLost(HOST))
    asked.question.watch(PeerFound(HOST))

    assert asked.question._timer is not None
    assert asked.question._timer.when() > asyncio.get_running_loop().time() + ANSWER_WITHIN - 1.0
    asked.question.close()


async def test_host_that_answered_before_it_was_lost_is_awaited_no_more() -> None:
    asked = Asked(udp=0, tcp=1)

    asked.question.watch(PeerLost(HOST))
    asked.question.answer(encode_answer(Services(tcp=(25565,))))
    asked.question.watch(PeerFound(HOST))

    assert asked.question._timer is None


async def test_silence_is_told_once_even_when_the_host_comes_back() -> None:
    asked = Asked(udp=0, tcp=1)

    asked.question.close()
    asked.question._give_up()
    asked.question.watch(PeerLost(HOST))
    asked.question.watch(PeerFound(HOST))

    assert asked.notices == [HostSilent()]
    assert asked.question._timer is None


async def test_client_side_shows_the_events_of_the_room_to_its_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched: list[Event] = []
    told: list[Event] = []
    monkeypatch.setattr(Question, "watch", lambda _self, event: watched.append(event))
    room = FakeRoom([PeerLost(HOST)])
    room.peers = frozenset({HOST})

    async with ClientSide([], lambda _notice: None, Traffic(), tcp=[("127.0.0.1", 0)]) as side:
        await side.run(room, told.append)

    assert watched == told == [PeerLost(HOST)]


async def test_who_wants_plain_datagrams_alone_does_not_ask_but_hears_an_answer() -> None:
    asked = Asked(udp=1, tcp=0)
    assert asked.room.sent == []

    with pytest.raises(ConfigurationError):
        asked.question.answer(encode_answer(Services(tcp=(25565,))))


async def test_room_that_knows_no_channels_is_not_asked() -> None:
    class PlainRoom:
        """What a legacy room has."""

        max_payload = 1400

    question = Question(Wanted(2, 0), lambda _notice: None)
    question.ask(PlainRoom())  # type: ignore[arg-type]  # as little as is looked at
    question.close()

    assert question._timer is None
