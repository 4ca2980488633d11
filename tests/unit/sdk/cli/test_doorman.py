"""Who is let in, and what typed commands do."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from packhorse.cli.door_commands import Answer
from packhorse.cli.doorman import CommandDesk, Doorman
from packhorse.core.events import JoinRequested, PeerId
from packhorse.wire.errors import SessionClosedOK, TransactionTimeoutError

ANN = JoinRequested(1, "Ann")


class Desk:
    """A doorman, what it said, and a room that notes what is asked of it."""

    def __init__(self, *, names: Sequence[str] = (), asks: bool = True) -> None:
        self.told: list[JoinRequested] = []
        self.replies: list[str] = []
        self.asked: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.peers = frozenset({PeerId(2), PeerId(10), PeerId(3)})
        self.lost_peers = frozenset({PeerId(10)})
        self.doorman = Doorman(
            self.told.append, self.replies.append, names=frozenset(names), asks=asks
        )

    async def set_options(self, *, locked: bool) -> None:
        self._note("locked", locked)

    async def kick(self, peer: int, *, ban: bool) -> None:
        self._note("ban" if ban else "kick", peer)

    async def type(self, *typed: str) -> None:
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        for line in (*typed, None):
            lines.put_nowait(line)
        desk = CommandDesk(self, self.doorman, self.replies.append)  # type: ignore[arg-type]
        await desk.serve(lines)

    async def request(self, request: JoinRequested) -> "asyncio.Task[bool]":
        task = asyncio.create_task(self.doorman.decide(request))
        await asyncio.sleep(0)
        return task

    def _note(self, *what: object) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append(what)


@pytest.mark.parametrize("admit", [True, False])
async def test_whoever_sits_there_decides(admit: bool) -> None:  # noqa: FBT001
    desk = Desk()
    verdict = await desk.request(ANN)
    assert (desk.told, desk.doorman.is_asking) == ([ANN], True)

    desk.doorman.answer(Answer(admit, None))

    assert await verdict is admit
    assert not desk.doorman.is_asking


async def test_listed_names_are_let_in_and_others_refused_where_nobody_is_asked() -> None:
    desk = Desk(names=["Ann"], asks=False)

    assert await desk.doorman.decide(ANN)
    assert not await desk.doorman.decide(JoinRequested(2, "ann"))
    assert desk.told == []


async def test_name_is_shown_without_what_a_terminal_would_obey() -> None:
    desk = Desk(asks=False)

    assert not await desk.doorman.decide(JoinRequested(1, "\x1b[2J\u202e"))

    assert desk.replies == ["\\x1b[2J\\u202e wanted to join and was refused"]


async def test_older_request_decides_nothing_when_a_restarted_relay_reuses_its_number() -> None:
    desk = Desk()
    older = await desk.request(ANN)
    newer = await desk.request(JoinRequested(1, "Bob"))

    await asyncio.wait([older])
    assert older.cancelled()  # decides nothing: its number belongs to somebody else
    desk.doorman.answer(Answer(admit=True, request=1))
    assert await newer


async def test_nobody_is_decided_about_after_the_relay_has_refused_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("packhorse.cli.door_questions.APPROVAL", 0.01)
    desk = Desk()
    verdict = await desk.request(ANN)

    await asyncio.wait([verdict], timeout=5)

    assert verdict.cancelled()
    assert "nobody decided about Ann" in desk.replies[-1]
    assert desk.doorman.waiting() == []


async def test_end_of_the_input_refuses_who_waits_and_who_comes() -> None:
    desk = Desk()
    waiting = await desk.request(ANN)

    await desk.type()

    assert not await waiting
    assert not await desk.doorman.decide(JoinRequested(2, "Bob"))


async def test_commands_reach_the_room() -> None:
    desk = Desk()

    await desk.type("lock", "", "kick 2", "ban 3", "unlock")

    assert desk.asked == [("locked", True), ("kick", 2), ("ban", 3), ("locked", False)]


async def test_list_shows_members_and_who_waits() -> None:
    desk = Desk()
    waiting = await desk.request(ANN)

    await desk.type("list")

    assert not await waiting  # the input has ended
    assert desk.replies[-1] == "in the room besides you: 2, 3, 10 (silent)\nrequest 1: Ann"


async def test_what_cannot_be_done_is_said_and_the_next_command_is_taken() -> None:
    desk = Desk()
    desk.error = TransactionTimeoutError("kicking a peer", 5, 5.75)

    await desk.type("kick 2", "kick 1", "kick 9", "dance", "help")

    assert "kicking a peer" in desk.replies[0]
    assert desk.replies[1] == "peer 1 is you; type list to see who is here"
    assert desk.replies[2] == "there is no peer 9; type list to see who is here"
    assert desk.replies[3] == "'dance' is no command; type help for the commands"
    assert desk.replies[4].startswith("lock ")


async def test_commands_end_with_the_session() -> None:
    desk = Desk()
    desk.error = SessionClosedOK()

    await desk.type("lock", "help")

    assert desk.replies == []
