"""`packhorse rooms` with the status page of a relay: once, watched, and where nobody answers."""

import asyncio
import json
import shlex
from pathlib import Path

import pytest

import packhorse
from packhorse.cli import main
from tests.support.admin_client import COMMAND, WatchedRelay
from tests.support.processes import Started, run
from tests.support.terminal import run_on_terminal


async def test_rooms_are_shown_on_a_terminal(tmp_path: Path) -> None:
    with WatchedRelay(tmp_path / "state") as relay:
        token = ["--token-file", str(relay.token_file), "--reveal"]
        async with packhorse.host(relay.address) as room, packhorse.join(relay.address, room.code):
            hidden = await asyncio.to_thread(_rooms_command, relay, "")
            shown = await asyncio.to_thread(_rooms_command, relay, "", *token)
            as_json = await asyncio.to_thread(_rooms_command, relay, "", "--json")

    assert "1 of 1000 rooms, 2 of 4096 members" in hidden
    assert "2 of 64" in hidden
    assert room.code not in hidden
    assert room.code in shown
    assert json.loads(as_json)["rooms"] == 1


def _rooms_command(relay: WatchedRelay, host: str, *options: str) -> str:
    command = [*COMMAND[:-1], "rooms", "--admin", f"{host}{relay.admin_port}", *options]
    done = run(command, timeout=30, env={"COLUMNS": "100"})
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_rooms_can_be_watched(tmp_path: Path) -> None:
    with WatchedRelay(tmp_path / "state") as relay:
        options = ["--admin", str(relay.admin_port), "--json", "--watch", "0.5"]
        with Started([*COMMAND[:-1], "rooms", *options]) as watching:
            for _ in range(3):
                watching.wait_for('"room_list"')


def test_watching_goes_on_where_there_is_no_terminal_until_the_reader_goes(tmp_path: Path) -> None:
    with WatchedRelay(tmp_path / "state") as relay:
        options = ["--admin", str(relay.admin_port), "--watch", "0.5"]
        with Started([*COMMAND[:-1], "rooms", *options]) as watching:
            for _ in range(2):
                watching.wait_for("No rooms are open.")
        piped = shlex.join([*COMMAND[:-1], "rooms", *options, "--json"])
        done = run(["sh", "-c", f"{piped} | head -c 9"], timeout=30)

    assert done.stdout == '{"version'


def test_watching_a_relay_that_does_not_answer_gives_advice() -> None:
    command = [*COMMAND[:-1], "rooms", "--admin", "1", "--watch"]
    again = "Asking again every 2 s; Ctrl-C ends it."

    code, written = run_on_terminal(command, timeout=20, interrupt_at=again)

    assert code == 130
    assert "advice: start the relay with --admin 6970" in written


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--admin", "1"], "failed while asking the relay for its status"),
        (["--admin", "ftp://x"], "names no admin listener"),
        (["--reveal"], "--reveal needs the admin token"),
        (["--token-file", "/no/such"], "cannot read /no/such"),
    ],
)
def test_rooms_fails_with_advice(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rooms", *options]) == 1

    assert problem in capsys.readouterr().err
