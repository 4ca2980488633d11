"""The middlemen over the legacy protocol: at our relay, and at one as the first one was."""

from collections.abc import Iterator

import pytest

from tests.support.middleman_process import (
    Game,
    MiddlemanProcess,
    hosting,
    packhorse,
)
from tests.support.plain_legacy_relay import PlainLegacyRelay
from tests.support.processes import run
from tests.support.relay_process import RelayProcess


@pytest.fixture(params=["ours", "plain"])
def relay(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "ours":
        with RelayProcess("--legacy") as process:
            yield process.address
    else:
        with PlainLegacyRelay() as plain:
            yield plain.address


@pytest.fixture
def server() -> Iterator[Game]:
    with Game() as game:
        yield game


@pytest.fixture
def host(relay: str, server: Game) -> Iterator[MiddlemanProcess]:
    with hosting(relay, server.port, "--legacy") as process:
        yield process


def joining(relay: str, *arguments: str) -> MiddlemanProcess:
    return MiddlemanProcess("join", "--legacy", "--relay", relay, "--udp", "0", *arguments)


def exchange(game: Game, via: int, server: Game) -> tuple[str, int]:
    """Send a datagram there and back; returns the client's address as the server sees it."""
    game.send(b"ping", via)
    data, address = server.receive()
    server.send(data + b" pong", address)
    assert game.receive()[0] == b"ping pong"
    return address


def test_two_clients_play_each_from_its_own_address(
    relay: str, host: MiddlemanProcess, server: Game
) -> None:
    with (
        joining(relay, "--id", "5") as one,
        joining(relay) as other,
        Game() as anna,
        Game() as bert,
    ):
        annas, berts = exchange(anna, one.port, server), exchange(bert, other.port, server)

        assert annas != berts
        assert exchange(anna, one.port, server) == annas
        assert host.expect("peer_joined")["peer"] == one.first["peer_id"] == 5
        assert host.expect("peer_joined")["peer"] == other.first["peer_id"]


def test_first_lines_have_no_code(relay: str, host: MiddlemanProcess) -> None:
    with joining(relay, "--id", "5") as client:
        assert host.first["code"] is client.first["code"] is host.first["invite"] is None
        assert host.first["peer_id"] == 1


def test_largest_payload_passes_and_larger_is_told(
    relay: str, host: MiddlemanProcess, server: Game
) -> None:
    with joining(relay) as client, Game() as game:
        game.send(bytes(1401), client.port)
        game.send(bytes(1400), client.port)

        assert len(server.receive()[0]) == 1400
        told = client.expect("payload_too_large")
        assert (told["size"], told["max_size"]) == (1401, 1400)
    assert host.stop()["from_room"] == 1


def test_client_without_a_host_is_told(relay: str) -> None:
    arguments = ("join", "--legacy", "--relay", relay, "--udp", "0", "--timeout", "1")

    done = run(packhorse(*arguments), timeout=20)

    assert done.returncode == 1
    assert "error: no answer while registering with the legacy relay" in done.stdout
    assert "that the host was there first" in done.stdout


def test_relay_without_legacy_does_not_answer() -> None:
    with RelayProcess() as relay:
        arguments = ("host", "--legacy", "--relay", relay.address, "--udp", "1", "--timeout", "1")
        done = run(packhorse(*arguments), timeout=20)

        assert done.returncode == 1
        assert "that it runs with --legacy" in done.stdout
        assert relay.stop()["drops"]["legacy_disabled"] >= 1
