"""`packhorse host` asks who may come in, and takes commands from its terminal."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import pytest

import packhorse
from tests.support.middleman_process import Game, MiddlemanProcess, hosting, joining
from tests.support.middleman_process import packhorse as packhorse_command
from tests.support.processes import Started
from tests.support.relay_process import RelayProcess
from tests.support.terminal import Terminal

IN_THE_BACKGROUND: Final = """
import fcntl, signal, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
program = subprocess.Popen(sys.argv[1:], process_group=0)
signal.signal(signal.SIGTERM, lambda *_: program.terminate())
sys.exit(program.wait())
"""


@pytest.fixture(scope="module")
def relay() -> Iterator[str]:
    with RelayProcess("--profile", "unlimited") as process:
        yield process.address


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as opened:
        yield opened


@pytest.fixture
def game() -> Iterator[Game]:
    with Game() as opened:
        yield opened


def expect_reply(host: MiddlemanProcess, text: str) -> None:
    """Wait until the host says something."""
    told: list[str] = []
    while text not in (told[-1] if told else ""):
        told.append(host.expect("reply")["text"])


async def enters(host: MiddlemanProcess, name: str = "") -> bool:
    """Tell whether somebody may join."""
    try:
        async with packhorse.join(None, host.first["invite"], name=name):
            return True
    except packhorse.JoinDeniedError:
        return False


async def ask(host: MiddlemanProcess, name: str) -> "asyncio.Task[bool]":
    """Join, and return what becomes of it once the host has asked its user."""
    task = asyncio.create_task(enters(host, name))
    told = await asyncio.to_thread(host.expect, "join_requested")
    assert told["name"] == name
    return task


async def test_whoever_sits_at_the_terminal_decides(
    relay: str, terminal: Terminal, game: Game
) -> None:
    with hosting(relay, game.port, "--approve", stdin=terminal.stdin) as host:
        ann, bob = await ask(host, "Ann"), await ask(host, "Bob")

        terminal.type("y")
        await asyncio.to_thread(expect_reply, host, "it is not clear who is meant")
        terminal.type("n 1")
        assert not await ann
        terminal.type("y 2")
        assert await bob


async def test_open_question_does_not_hold_up_the_game(
    relay: str, terminal: Terminal, game: Game
) -> None:
    with hosting(relay, game.port, "--approve", stdin=terminal.stdin) as host:
        async with AsyncExitStack() as stack:
            entering = packhorse.join(None, host.first["invite"], name="Ann")
            ann = asyncio.create_task(stack.enter_async_context(entering))
            await asyncio.to_thread(host.expect, "join_requested")
            terminal.type("y")
            room = await ann
            bob = await ask(host, "Bob")

            await room.send(b"to the server", to=1)

            assert (await asyncio.to_thread(game.receive))[0] == b"to the server"
            assert not bob.done()
            terminal.type("n 2")
            assert not await bob


async def test_room_is_locked_and_unlocked_from_the_terminal(
    relay: str, terminal: Terminal, game: Game
) -> None:
    with hosting(relay, game.port, "--locked", stdin=terminal.stdin) as host:
        assert not await enters(host)
        terminal.type("unlock")
        await asyncio.to_thread(expect_reply, host, "unlocked")
        assert await enters(host)
        terminal.type("lock")
        await asyncio.to_thread(expect_reply, host, "locked: nobody else can join")
        assert not await enters(host)


async def test_peer_is_kicked_from_the_terminal(relay: str, terminal: Terminal, game: Game) -> None:
    with hosting(relay, game.port, stdin=terminal.stdin) as host:
        async with packhorse.join(None, host.first["invite"]) as room:
            terminal.type("list")
            await asyncio.to_thread(expect_reply, host, "in the room besides you: 2")
            terminal.type("kick 2")
            with pytest.raises(packhorse.SessionClosedError):
                await asyncio.wait_for(anext(room), 10)


async def test_listed_names_are_let_in_without_a_terminal_and_nobody_else(
    relay: str, game: Game
) -> None:
    with hosting(relay, game.port, "--approve-names", "Ann,Bob") as host:
        assert await enters(host, "Bob")
        assert not await enters(host, "Mallory")


async def test_program_answers_over_a_pipe_and_its_end_refuses_who_waits(
    relay: str, game: Game
) -> None:
    reading, writing = os.pipe()
    with hosting(relay, game.port, "--approve", "--commands", stdin=reading) as host:
        os.close(reading)
        ann = await ask(host, "Ann")
        os.write(writing, b"y 1\n")
        assert await ann
        bob = await ask(host, "Bob")
        os.close(writing)
        assert not await bob
        assert not await enters(host, "Carl")


def test_host_lives_on_when_its_terminal_is_gone(relay: str, game: Game) -> None:
    with Terminal() as terminal:
        host = hosting(relay, game.port, stdin=terminal.stdin)
    with host, Game() as player, joining(host) as member:
        player.send(b"still there", member.port)
        assert game.receive()[0] == b"still there"
        before = cpu_seconds(host.pid)
        time.sleep(0.5)
        assert cpu_seconds(host.pid) - before < 0.25  # it does not read in circles


async def test_host_in_the_background_of_a_terminal_is_not_stopped_by_what_is_typed(
    relay: str, terminal: Terminal, game: Game
) -> None:
    """A program in the background that reads its terminal gets SIGTTIN, which stops it."""
    command = packhorse_command("host", "--relay", relay, "--udp", str(game.port), "--json")
    with Started(
        [sys.executable, "-c", IN_THE_BACKGROUND, *command], stdin=terminal.stdin
    ) as shell:
        invite = json.loads(await asyncio.to_thread(shell.wait_for, "invite"))["invite"]
        terminal.type("meant for the shell")
        async with packhorse.join(None, invite) as room:
            await room.send(b"hello", to=1)
            assert (await asyncio.to_thread(game.receive))[0] == b"hello"
        assert not any("reply" in line for line in shell.lines)
        shell.signal(signal.SIGTERM)
        assert shell.wait(timeout=4.0) == 0


def cpu_seconds(pid: int) -> float:
    """Return how long a process has computed."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
