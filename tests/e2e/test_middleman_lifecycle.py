"""How `packhorse host` and `packhorse join` start, end and fail."""

import subprocess
from collections.abc import Iterator
from signal import SIGHUP, SIGINT, SIGTERM, Signals

import pytest

from tests.support.middleman_process import (
    DEADLINE,
    START_TIMEOUT,
    Game,
    MiddlemanProcess,
    hosting,
    joining,
    packhorse,
)
from tests.support.processes import Started, run
from tests.support.relay_process import RelayProcess


@pytest.fixture
def relay() -> Iterator[str]:
    with RelayProcess() as process:
        yield process.address


@pytest.fixture
def host(relay: str) -> Iterator[MiddlemanProcess]:
    with Game() as server, hosting(relay, server.port) as process:
        yield process


@pytest.mark.parametrize("number", [SIGINT, SIGTERM, SIGHUP])
def test_signal_leaves_the_room_and_sums_up(host: MiddlemanProcess, number: Signals) -> None:
    with joining(host) as client:
        host.expect("peer_joined")

        assert client.stop(number) == {"event": "closed", "to_room": 0, "from_room": 0, "drops": {}}
        assert host.expect("peer_left") == {"event": "peer_left", "peer": 2, "code": 0}
    host.stop(number)


def test_host_that_ends_ends_its_clients_with_a_reason(host: MiddlemanProcess) -> None:
    with joining(host) as client:
        host.stop()

        assert client.wait() == 1
        assert client.told("closed")[0]["error"] == "the host closed the room"
        assert client.output.splitlines()[-2:] == [
            "error: the host closed the room",
            "advice: ask the host for a new code",
        ]


def test_relay_that_ends_ends_both_with_a_reason() -> None:
    with (
        RelayProcess() as relay,
        Game() as server,
        hosting(relay.address, server.port) as host,
        joining(host) as client,
    ):
        relay.stop()

        assert (host.wait(), client.wait()) == (1, 1)
        for ended in (host, client):
            assert "error: the relay is stopping" in ended.output
            assert "advice: " in ended.output


def test_person_reads_code_invite_and_what_to_do(relay: str) -> None:
    with Started(packhorse("host", "--relay", relay, "--udp", "6942")) as host:
        host.wait_for("Ctrl-C", timeout=START_TIMEOUT)
        invite = next(line for line in host.lines if line.startswith("Invite: ")).split()[1]
        with Started(packhorse("join", invite, "--udp", "0")) as client:
            client.wait_for("Ctrl-C", timeout=START_TIMEOUT)
            host.wait_for("peer 2 joined")
            client.signal(SIGINT)
            assert client.wait() == 0
        host.wait_for("peer 2 left")
        host.signal(SIGINT)
        assert host.wait() == 0

    assert f"  packhorse join {invite} --udp 6942" in host.lines
    assert host.lines[-1] == "Carried 0 datagrams to the room and 0 from it; dropped: none."
    assert "\x1b" not in host.output
    assert client.lines[0] == f"In room {invite.partition('@')[0]} on {relay}, as peer 2."


def test_unknown_room_is_refused_with_advice(relay: str) -> None:
    done = run(packhorse("join", "AAAA-BBBB", "--relay", relay, "--udp", "0"), timeout=20)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "error: there is no such room or it does not admit you",
        "advice: compare code and password with the host's, and ask whether the room is locked",
    ]


@pytest.mark.parametrize("command", ["host --relay {} --udp 6942", "join AAAA-BBBB@{} --udp 0"])
def test_absent_relay_is_told_within_the_timeout(command: str) -> None:
    with Game() as silent:
        arguments = command.format(f"127.0.0.1:{silent.port}").split()

        done = run(packhorse(*arguments, "--timeout", "1"), timeout=20)

    assert done.returncode == 1
    assert "error: no answer while reaching the relay" in done.stdout
    assert "advice: check the relay's address" in done.stdout


def test_signal_while_joining_ends_at_once() -> None:
    with Game() as silent:
        command = packhorse("host", "--relay", f"127.0.0.1:{silent.port}", "--udp", "1")
        with Started(command) as process:
            silent.receive()
            process.signal(SIGTERM)

            assert process.wait(timeout=3.0) == 0


def test_port_in_use_is_told_before_the_room_is_joined(host: MiddlemanProcess) -> None:
    with Game() as other:
        port = str(other.port)
        done = run(packhorse("join", host.first["invite"], "--udp", port), timeout=20)

    assert done.returncode == 1
    assert f"error: UDP port {port} of 127.0.0.1 cannot be had" in done.stdout
    assert "another one with --udp" in done.stdout
    host.stop()
    assert host.told("peer_joined") == []


def test_full_room_is_told(relay: str) -> None:
    with hosting(relay, 6942, "--max-peers", "2") as host, joining(host):
        done = run(packhorse("join", host.first["invite"], "--udp", "0"), timeout=20)

    assert done.returncode == 1
    assert "error: the room has no place left" in done.stdout


def test_reader_that_goes_away_does_not_end_the_game(relay: str) -> None:
    with Game() as server, Game() as game:
        command = packhorse("host", "--relay", relay, "--udp", str(server.port))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            invite = next(line for line in lines if line.startswith("Invite: ")).split()[1]
            process.stdout.close()
            with MiddlemanProcess("join", invite, "--udp", "0") as client:
                for _ in range(2):
                    game.send(b"hello", client.port)
                    assert server.receive()[0] == b"hello"
            process.terminate()
            assert process.wait(DEADLINE) == 0
        finally:
            process.kill()
            process.wait(DEADLINE)
