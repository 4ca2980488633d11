"""The commands over WebSocket, in processes of their own."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificate import make_certificate
from tests.support.middleman_process import Game, MiddlemanProcess, hosting, packhorse
from tests.support.processes import run
from tests.support.relay_process import RelayProcess
from tests.support.tcp_only import TcpOnly


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with RelayProcess() as running:
        yield running


def report(*arguments: str) -> dict[str, object]:
    """Run a command that ends by itself; return the JSON object it prints."""
    done = run(packhorse(*arguments, "--json"), timeout=60)
    assert done.returncode == 0, done.stdout
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_unmodified_game_plays_over_websocket(relay: RelayProcess) -> None:
    with Game() as server, Game() as game, hosting(relay.address, server.port) as host:
        code = host.first["code"]
        join = ["join", code, "--relay", f"ws://{relay.address}", "--udp", "0"]
        with MiddlemanProcess(*join) as client:
            assert host.first["path"] == "relay_udp"
            assert client.first["path"] == "relay_websocket"
            game.send(b"hello", ("127.0.0.1", client.port))
            data, source = server.receive()
            assert data == b"hello"
            server.send(b"welcome", source)
            assert game.receive()[0] == b"welcome"


def test_transport_option_makes_host_take_websocket(relay: RelayProcess) -> None:
    with hosting(relay.address, 6942, "--transport", "ws") as host:
        assert host.first["path"] == "relay_websocket"
        assert report("ping", host.first["code"], "--relay", relay.address, "--count", "2")["path"]


@pytest.mark.parametrize(
    ("transport", "path"),
    [("auto", "relay_udp"), ("udp", "relay_udp"), ("ws", "relay_websocket")],
)
def test_ping_tells_how_it_reached_the_relay(
    relay: RelayProcess, transport: str, path: str
) -> None:
    told = report("ping", "--relay", relay.address, "--count", "2", "--transport", transport)

    assert (told["received"], told["path"]) == (2, path)


async def test_ping_without_udp_counts_no_loss_and_says_how_it_went(relay: RelayProcess) -> None:
    async with TcpOnly(relay.port) as way:
        command = packhorse("ping", "--relay", way.address, "--count", "3")
        done = await asyncio.to_thread(run, command, timeout=30)

        assert done.stdout.splitlines()[:2] == [
            f"From here to the relay {way.address} over WebSocket and back, without a room:",
            "3 sent, 3 received, 0 % loss",
        ]


async def test_host_behind_a_network_without_udp_says_so(relay: RelayProcess) -> None:
    async with TcpOnly(relay.port) as way:
        command = packhorse("host", "--relay", way.address, "--udp", "6942")
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        process.terminate()
        await process.communicate()

        assert f"Room open on {way.address} over WebSocket".encode() in line


def test_demo_runs_over_websocket() -> None:
    told = report("demo", "--seconds", "0.3", "--transport", "ws")

    assert told["relay"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--relay", "ws://relay.example", "--transport", "udp"],
        ["--relay", "ws://relay.example", "--legacy"],
        ["--relay", "relay.example", "--legacy", "--transport", "ws"],
    ],
)
def test_options_that_do_not_fit_together_end_with_usage(arguments: list[str]) -> None:
    done = run(packhorse("host", "--udp", "6942", *arguments), timeout=30)

    assert done.returncode == 2
    assert "WebSocket" in done.stdout or "UDP" in done.stdout


# The relay's own options.


def test_relay_without_websocket_leaves_tcp_alone() -> None:
    with RelayProcess("--no-websocket") as relay, socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", relay.port)) != 0


def test_relay_with_a_certificate_serves_wss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = make_certificate(tmp_path, name="relay")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with RelayProcess("--tls-cert", str(cert), "--tls-key", str(key)) as relay:
        told = report("ping", "--relay", f"wss://{relay.address}", "--count", "2")

    assert (told["received"], told["path"]) == (2, "relay_websocket")


@pytest.mark.parametrize(
    "options",
    [
        ["--tls-cert", "missing.pem"],
        ["--tls-key", "missing.pem"],
        ["--trusted-proxy", "proxy.example"],
    ],
)
def test_relay_that_cannot_use_an_option_says_why_and_what_to_do(options: list[str]) -> None:
    done = run(packhorse("relay", "--port", "0", "--bind", "127.0.0.1", *options), timeout=30)

    assert done.returncode == 1
    assert "error: " in done.stdout
    assert "advice: " in done.stdout


def test_tcp_port_in_use_is_told_with_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(packhorse("relay", "--bind", "127.0.0.1", "--port", port), timeout=30)

    assert done.returncode == 1
    assert "--no-websocket" in done.stdout
