"""Every program in examples/ runs, alone, through the middleman and over the SDK."""

import ast
import asyncio
import json
import socket
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import coturn, layout
from tests.support.processes import Started, run
from tests.support.relay_process import RelayProcess

EXAMPLES: Final = layout.REPOSITORY / "examples"
PROGRAMS: Final = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py"))
NUMBERED: Final = [name for name in PROGRAMS if name.startswith("python/")]
MAX_LINES: Final = 42
QUICK: Final = ("--count", "20", "--interval", "0.005")
TIMEOUT: Final = 15.0  # seconds; a slow machine


def program(name: str, *arguments: str) -> list[str]:
    """Return the command that runs an example."""
    return [sys.executable, str(EXAMPLES / name), *arguments]


def packhorse_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "packhorse", *arguments, "--json"]


@pytest.fixture(scope="module")
def relay() -> Iterator[str]:
    with RelayProcess() as process:
        yield process.address


def ping(*arguments: str) -> dict[str, Any]:
    """Run a ping client; return its report, in which nothing is lost."""
    done = run([*arguments, *QUICK, "--json"], timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout
    report: dict[str, Any] = json.loads(done.stdout)
    assert (report["sent"], report["received"], report["loss"]) == (20, 20, 0)
    assert (report["reordered"], report["duplicates"]) == (0, 0)
    rtt = report["rtt_ms"]
    assert 0 < rtt["min"] <= rtt["mean"] <= rtt["max"]
    assert rtt["stdev"] >= 0
    return report


# Ping, three ways.


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_ping_measures_an_echo_server_without_packhorse(host: str) -> None:
    with Started(program("ping_server.py", "--bind", f"{host}:0")) as server:
        port = server.wait_for("echo server on port").split()[-1]

        ping(*program("ping_client.py", f"{host}:{port}"))


def test_ping_works_through_the_middleman_unchanged(relay: str) -> None:
    with Started(program("ping_server.py", "--bind", "127.0.0.1:0")) as server:
        port = server.wait_for("echo server on port").split()[-1]
        with Started(packhorse_command("host", "--relay", relay, "--udp", port)) as host:
            code = json.loads(host.wait_for('"code"'))["code"]
            with Started(packhorse_command("join", code, "--relay", relay, "--udp", "0")) as join:
                local = json.loads(join.wait_for('"ready"'))["udp"]

                ping(*program("ping_client.py", f"127.0.0.1:{local}", "--size", "1194"))


def test_ping_works_over_the_sdk(relay: str) -> None:
    with Started(program("sdk_ping_host.py", "--relay", relay)) as host:
        code = host.wait_for("room").split()[-1]

        ping(*program("sdk_ping_client.py", code, "--relay", relay))


def test_ping_client_reports_for_people_too() -> None:
    with Started(program("ping_server.py", "--bind", "127.0.0.1:0")) as server:
        port = server.wait_for("echo server on port").split()[-1]
        done = run(program("ping_client.py", f"127.0.0.1:{port}", *QUICK), timeout=TIMEOUT)

    lines = done.stdout.splitlines()
    assert lines[:2] == ["sent 20, received 20, lost 0.0%", "reordered 0, duplicates 0"]
    assert lines[2].startswith("RTT ms: mean ")


def test_ping_client_counts_loss_reordering_and_duplicates() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(TIMEOUT)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        options = ("--count", "4", "--interval", "0.001", "--json")
        with Started(program("ping_client.py", address, *options)) as client:
            received = [server.recvfrom(2048) for _ in range(4)]
            for number in (1, 0, 2, 2):  # the fourth is lost
                server.sendto(*received[number])
            report = json.loads(client.wait_for("sent"))

    assert (report["sent"], report["received"], report["loss"]) == (4, 3, 0.25)
    assert (report["reordered"], report["duplicates"]) == (1, 1)


def test_ping_client_fails_where_nobody_answers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    done = run(program("ping_client.py", f"127.0.0.1:{port}", *QUICK), timeout=TIMEOUT)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "sent 20, received 0, lost 100.0%"


# The numbered ones.


def test_two_peers_meet_in_one_room(relay: str) -> None:
    done = run(program("python/01_two_peers_in_one_room.py", "--relay", relay), timeout=TIMEOUT)

    assert done.returncode == 0, done.stdout
    first, *rest = done.stdout.splitlines()
    assert first.endswith("host is peer 1, guest is peer 2")
    assert rest == ["host got b'hello'", "guest got b'welcome'"]


def test_relay_runs_in_process() -> None:
    done = run(program("python/02_run_a_relay_in_process.py"), timeout=TIMEOUT)

    assert done.returncode == 0, done.stdout
    joined, message, end = done.stdout.splitlines()
    assert joined == "host: PeerJoined(peer=2)"
    assert "b'move 3 4'" in message
    assert end.endswith("has 0 rooms left")


@asynccontextmanager
async def chat(relay: str, *code: str) -> AsyncIterator[Process]:
    """Run the chat with its input at hand; end it with the block."""
    command = program("python/03_chat.py", "--relay", relay, *code)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()  # the end of input ends the chat
        assert await asyncio.wait_for(process.wait(), TIMEOUT) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), TIMEOUT)).decode().rstrip()


async def test_chat_carries_lines_both_ways(relay: str) -> None:
    async with chat(relay) as host:
        opened = await line_of(host)
        async with chat(relay, opened.split()[-1]) as guest:
            assert (await line_of(guest)).startswith("you are peer 2 in room ")
            assert await line_of(host) == "* PeerJoined(peer=2)"
            assert guest.stdin is not None
            assert host.stdin is not None
            guest.stdin.write("hällo\n\n".encode())
            host.stdin.write(b"welcome\n")

            assert await line_of(host) == "peer 2: hällo"
            assert await line_of(guest) == "peer 1: welcome"
        assert await line_of(host) == "* PeerLeft(peer=2, code=0)"


# Pipes.


@pytest.mark.parametrize("scheme", ["udp", "tcp", "relay"])
def test_pipe_is_opened_to_a_listener(relay: str, scheme: str) -> None:
    where = f"relay://{relay}" if scheme == "relay" else f"{scheme}://127.0.0.1:0"
    with Started(program("pipe_listen.py", where)) as listener:
        address = listener.wait_for("address").split()[-1]
        done = run(program("pipe_open.py", address, "hello"), timeout=TIMEOUT)

    kind = {"udp": "direct", "tcp": "tcp", "relay": "relay"}[scheme]
    assert done.stdout == f"HELLO over {kind}"


def test_pipe_is_forwarded_through_another() -> None:
    with Started(program("pipe_listen.py", "udp://127.0.0.1:0")) as listener:
        address = listener.wait_for("address").split()[-1]
        with Started(program("pipe_forward.py", "tcp://127.0.0.1:0", address)) as forwarder:
            middle = forwarder.wait_for("address").split()[-1]
            done = run(program("pipe_open.py", middle, "through"), timeout=TIMEOUT)

    assert done.stdout == "THROUGH over tcp"


async def turn_peer(server: str) -> tuple[Process, str]:
    """Start one end; return it and its relayed address."""
    command = program("pipe_turn.py", server, coturn.USER, coturn.PASSWORD)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    return process, (await line_of(process)).partition(": ")[2]


async def test_two_ends_talk_through_a_turn_server(tmp_path: Path) -> None:
    with coturn.Coturn(tmp_path) as server:
        ends = [await turn_peer(server.udp) for _ in range(2)]
        for (process, _), (_, peer) in zip(ends, reversed(ends), strict=True):
            assert process.stdin is not None
            process.stdin.write(f"{peer}\n".encode())

        for (process, _), (_, peer) in zip(ends, reversed(ends), strict=True):
            assert await line_of(process) == f"got hello from {peer.split()[1]} over turn"
            assert await asyncio.wait_for(process.wait(), TIMEOUT) == 0


# What a user can get wrong.


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("python/01_two_peers_in_one_room.py", ["--relay", "no..where"], "check the spelling"),
        ("python/03_chat.py", ["--relay", "no..where"], "check the spelling"),
        ("sdk_ping_host.py", ["--relay", "no..where"], "check the spelling"),
        ("sdk_ping_client.py", ["12"], "has 8 letters and digits"),
        ("pipe_listen.py", ["nonsense"], "write udp://host:port"),
        ("pipe_open.py", ["nonsense", "hello"], "give the relay or an invite"),
        ("pipe_forward.py", ["nonsense", "nonsense"], "write udp://host:port"),
        ("pipe_turn.py", ["127.0.0.1:0", "user", "password"], "turn:"),
        ("ping_client.py", ["127.0.0.1:no"], "invalid"),
        ("ping_server.py", ["--bind", "127.0.0.1:no"], "invalid"),
    ],
)
def test_example_ends_with_advice(name: str, arguments: list[str], told: str) -> None:
    done = run(program(name, *arguments), timeout=TIMEOUT)

    assert done.returncode == 1
    assert told in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", ["python/03_chat.py", "sdk_ping_client.py"])
def test_example_ends_with_advice_when_the_relay_refuses(relay: str, name: str) -> None:
    done = run(program(name, "K7QM-2XPA", "--relay", relay), timeout=TIMEOUT)

    assert done.returncode == 1
    assert "compare code and password" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_listener_tells_of_a_pipe_that_broke_and_serves_the_next() -> None:
    with Started(program("pipe_listen.py", "tcp://127.0.0.1:0")) as listener:
        address = listener.wait_for("address").split()[-1]
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as broken:
            broken.send(b"\0")  # not a whole message
            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        listener.wait_for("the pipe is closed: ")
        done = run(program("pipe_open.py", address, "hello"), timeout=TIMEOUT)

    assert done.stdout == "HELLO over tcp"


def test_forwarder_that_reaches_no_target_tells_it_and_serves_the_next() -> None:
    with Started(program("pipe_forward.py", "tcp://127.0.0.1:0", "tcp://127.0.0.1:1")) as forwarder:
        middle = forwarder.wait_for("address").split()[-1]
        for _ in range(2):
            done = run(program("pipe_open.py", middle, "through"), timeout=TIMEOUT)
            assert done.stdout.startswith("the pipe is closed")
            assert "check the address" in forwarder.wait_for("failed while opening a pipe")


# The rules for examples.


def test_every_example_is_run_by_a_test() -> None:
    tests = Path(__file__).read_text("utf-8")
    imported = {"rtt_meter.py"}  # by the ping clients

    assert [name for name in PROGRAMS if f'"{name}"' not in tests and name not in imported] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_example_needs_only_packhorse_and_the_standard_library(name: str) -> None:
    permitted = sys.stdlib_module_names | {"packhorse", "packhorse_relay", "rtt_meter"}

    assert imports_of(EXAMPLES / name) <= permitted


@pytest.mark.parametrize("name", ["ping_server.py", "ping_client.py", "rtt_meter.py"])
def test_plain_ping_knows_nothing_of_packhorse(name: str) -> None:
    assert imports_of(EXAMPLES / name) <= sys.stdlib_module_names | {"rtt_meter"}


def imports_of(path: Path) -> set[str]:
    """Return the top-level packages that a program imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    return names


@pytest.mark.parametrize("name", NUMBERED)
def test_numbered_example_is_short_and_says_how_to_run_it(name: str) -> None:
    source = (EXAMPLES / name).read_text("utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""

    assert len(source.splitlines()) <= MAX_LINES
    assert f"python examples/{name}" in docstring
    assert "\n" not in docstring
    assert '"--relay"' in source
    assert "async def main()" in source


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "rtt_meter.py"])
def test_example_explains_its_options(name: str) -> None:
    done = run(program(name, "--help"), timeout=TIMEOUT)

    assert done.returncode == 0
    assert done.stdout.startswith("usage: ")
