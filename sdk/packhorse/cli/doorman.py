"""Carries out what is typed at a running `packhorse host`, and asks who may come in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from typing import Final

from packhorse.aio.room import Room
from packhorse.cli.console_lines import Lines, read_lines
from packhorse.cli.door_commands import (
    HELP,
    Answer,
    Command,
    Kick,
    Lock,
    ShowHelp,
    ShowMembers,
    parse_command,
)
from packhorse.cli.door_questions import Question, Questions
from packhorse.cli.texts import printable
from packhorse.core.events import HOST, JoinRequested
from packhorse.wire.errors import ConfigurationError, PackhorseError, SessionClosedError

STDIN: Final = 0


class Doorman:
    """Decides about each who wants to join: by name, or by asking whoever sits here."""

    def __init__(
        self,
        tell: Callable[[JoinRequested], None],
        reply: Callable[[str], None],
        *,
        names: AbstractSet[str] = frozenset(),
        asks: bool = False,
    ) -> None:
        """Decide nothing yet.

        Args:
            tell: Called with each request about which somebody is asked.
            reply: Called with what whoever sits here should read.
            names: Who is admitted without asking.
            asks: Whether the others are asked about; else they are refused.
        """
        self._tell = tell
        self._reply = reply
        self._names = names
        self._asks = asks
        self._questions = Questions()
        self._verdicts: dict[Question, asyncio.Future[bool]] = {}

    @property
    def is_asking(self) -> bool:
        """Tell whether somebody waits for an answer."""
        return bool(self._questions.open)

    async def decide(self, request: JoinRequested) -> bool:
        """Return whether somebody may come in, once this is known.

        Who was not decided about within 30 s has been refused by the relay: then, and where
        a relay that was restarted gives the number to another, this is cancelled.
        """
        if request.name in self._names:
            self._reply(f"{_who(request.name)} is on the list and comes in")
            return True
        loop = asyncio.get_running_loop()
        question = self._ask(request, loop.time()) if self._asks else None
        if question is None:
            self._reply(f"{_who(request.name)} wanted to join and was refused")
            return False
        verdict: asyncio.Future[bool] = loop.create_future()
        self._verdicts[question] = verdict
        expiry = loop.call_at(question.expires_at, self._expire, question)
        try:
            return await verdict
        finally:
            expiry.cancel()
            self._verdicts.pop(question, None)
            self._questions.drop(question, now=loop.time())

    def answer(self, answer: Answer) -> None:
        """Admit or refuse who is meant.

        Raises:
            ConfigurationError: It cannot be told who that is.
        """
        now = asyncio.get_running_loop().time()
        question = self._questions.answer(answer.request, now=now)
        verdict = self._verdicts.get(question)
        if verdict is not None and not verdict.done():
            verdict.set_result(answer.admit)
        self._reply(f"{_who(question.name)} {'is let in' if answer.admit else 'is refused'}")

    def stop_asking(self) -> None:
        """Refuse all who wait, and who comes from now on: nobody can answer any more."""
        self._asks = False
        for verdict in self._verdicts.values():
            if not verdict.done():
                verdict.set_result(False)

    def waiting(self) -> list[str]:
        """Return who waits, in words."""
        return [f"request {each.request}: {_who(each.name)}" for each in self._questions.open]

    def _ask(self, request: JoinRequested, now: float) -> Question | None:
        for older, verdict in self._verdicts.items():
            if older.request == request.request:
                verdict.cancel()
        question = self._questions.ask(request.request, request.name, now=now)
        if question is not None:
            self._tell(request)
            number = request.request
            self._reply(f"let them in? y or n within 30 s (or y {number}, n {number})")
        return question

    def _expire(self, question: Question) -> None:
        self._reply(f"nobody decided about {_who(question.name)}: the relay has refused them")
        self._verdicts[question].cancel()


class CommandDesk:
    """Carries out the commands, one after the other."""

    def __init__(self, room: Room, doorman: Doorman, reply: Callable[[str], None]) -> None:
        self._room = room
        self._doorman = doorman
        self._reply = reply

    async def serve(self, lines: Lines) -> None:
        """Carry out each line until there are no more."""
        while (line := await lines.get()) is not None:
            try:
                command = parse_command(line)
                if command is not None:
                    await self._carry_out(command)
            except SessionClosedError:
                return
            except PackhorseError as error:
                self._reply(f"{error}; {error.advice}" if error.advice else str(error))
        self._doorman.stop_asking()

    async def _carry_out(self, command: Command) -> None:
        match command:
            case Answer():
                self._doorman.answer(command)
            case Lock(locked):
                await self._room.set_options(locked=locked)
                self._reply("locked: nobody else can join" if locked else "unlocked")
            case Kick(peer, ban):
                await self._kick(peer, ban=ban)
            case ShowMembers():
                self._reply("\n".join([_members(self._room), *self._doorman.waiting()]))
            case ShowHelp():  # pragma: no branch - the type has no other member
                self._reply(HELP)

    async def _kick(self, peer: int, *, ban: bool) -> None:
        if peer not in self._room.peers:
            problem = f"peer {peer} is you" if peer == HOST else f"there is no peer {peer}"
            raise ConfigurationError(problem, "type list to see who is here")
        await self._room.kick(peer, ban=ban)
        self._reply(f"peer {peer} is {'banned' if ban else 'removed'}")


@asynccontextmanager
async def serving(desk: CommandDesk, descriptor: int = STDIN) -> AsyncIterator[None]:
    """Carry out what is typed while the block runs."""
    async with read_lines(descriptor) as lines:
        task = asyncio.create_task(desk.serve(lines), name="packhorse-commands")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _who(name: str) -> str:
    return printable(name) or "somebody without a name"


def _members(room: Room) -> str:
    others = sorted(room.peers)
    lost = room.lost_peers
    shown = [f"{peer} (silent)" if peer in lost else str(peer) for peer in others]
    return f"in the room besides you: {', '.join(shown) or 'nobody'}"
