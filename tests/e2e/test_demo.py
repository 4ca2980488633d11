"""`packhorse demo` as people and scripts run it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from packhorse.cli import main
from packhorse.cli.demo_pings import PingClient, ping_by_turns
from tests.support.layout import REPOSITORY
from tests.support.terminal import run_on_terminal

COMMAND: Final = [sys.executable, "-m", "packhorse", "demo"]
TIMEOUT: Final = 20.0  # seconds; a slow machine


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
        timeout=TIMEOUT,
        check=False,
    )


def demo_on_terminal(*options: str, **environment: str) -> str:
    """Run the demo on a terminal of 80 columns; return all that it wrote."""
    code, written = run_on_terminal([*COMMAND, *options], timeout=TIMEOUT, env=environment)
    assert code == 0, written
    return written


def test_json_is_one_object_that_was_really_measured() -> None:
    done = demo("--json", "--seconds", "1")

    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [(client["name"], client["way"]) for client in told["clients"]] == [
        ("UDP game", "middleman"),
        ("SDK bot", "sdk"),
    ]
    for client in told["clients"]:
        assert client["sent"] == client["received"] == 20
        rtt = client["rtt_ms"]
        assert 0 < rtt["min"] <= rtt["median"] <= rtt["p99"] <= rtt["max"] < 1000
        assert 0 <= client["jitter_ms"] < 1000
        assert client["loss"] == 0
    assert 1 <= told["relay"]["port"] <= 65535
    # Each of 40 pings crosses the relay twice.
    assert told["relay"]["forwarded"] == 80
    assert told["relay"]["drops"] == {}
    assert told["seconds"] == 1


def test_pipe_gets_the_summary_alone() -> None:
    done = demo("--seconds", "0.2")

    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "latest pings" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "All 8 pings came back through the relay" in done.stdout
    for command in ("packhorse relay", "packhorse host --relay", "packhorse join CODE"):
        assert command in done.stdout


def test_terminal_gets_a_live_table_that_makes_way_for_the_summary() -> None:
    written = demo_on_terminal("--seconds", "0.5")

    live, _, after = written.rpartition("\x1b[2K")
    assert live.count("latest pings") >= 2
    assert "\x1b[32m" in live
    assert "latest pings" not in after
    assert "jitter" in after
    assert "All 20 pings came back" in after


def test_no_color_is_respected() -> None:
    written = demo_on_terminal("--seconds", "0.2", NO_COLOR="1")

    assert "\x1b[1m" in written  # bold is no colour
    assert "\x1b[3" not in written.replace("\x1b[39m", "")


def test_dumb_terminal_gets_the_summary_alone() -> None:
    written = demo_on_terminal("--seconds", "0.2", TERM="dumb")

    assert "latest pings" not in written
    assert "\x1b[2K" not in written


@pytest.mark.parametrize(
    "options", [["--seconds", "0"], ["--seconds", "soon"], ["--seconds", "nan"], ["--no-such"]]
)
def test_wrong_usage_exits_with_two(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", *options])

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_client_that_gets_no_answer_fails_the_demo_with_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(PingClient, "take_echo", lambda _client, _data: None)

    assert main(["demo", "--json", "--seconds", "0.1"]) == 1

    out, err = capsys.readouterr()
    assert [client["received"] for client in json.loads(out)["clients"]] == [0, 0]
    error, advice = err.splitlines()
    assert error.startswith("error: failed while measuring: no ping of the UDP game came back")
    assert advice.startswith("advice: ")


async def test_clients_ping_in_turn_and_are_drawn_in_between() -> None:
    order: list[str] = []
    clients = [echoing_client(name, order) for name in ("one", "two")]

    await ping_by_turns(clients, 0.1, lambda _: order.append("drawn"))

    assert order == ["one", "two", "drawn", "one", "two"]
    assert all(client.pings.received == 2 for client in clients)


def echoing_client(name: str, order: list[str]) -> PingClient:
    client = PingClient(name, "sdk")

    def send(data: bytes) -> None:
        order.append(name)
        asyncio.get_running_loop().call_soon(client.take_echo, data)

    client.send = send
    return client


def test_demo_leaves_no_file_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--seconds", "0.1"],
        cwd=tmp_path,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []
