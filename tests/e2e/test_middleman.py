"""An unmodified game through a room: addresses, restarts, sizes."""

from collections.abc import Iterator

import pytest

import packhorse
from tests.support.middleman_process import (
    LOOPBACK,
    Game,
    MiddlemanProcess,
    free_port,
    hosting,
    is_free,
    joining,
    wait_until,
)
from tests.support.relay_process import RelayProcess

MAX_PAYLOAD = 1194


@pytest.fixture
def relay() -> Iterator[str]:
    with RelayProcess() as process:
        yield process.address


@pytest.fixture
def server() -> Iterator[Game]:
    with Game() as game:
        yield game


@pytest.fixture
def host(relay: str, server: Game) -> Iterator[MiddlemanProcess]:
    with hosting(relay, server.port) as process:
        yield process


def exchange(client: Game, via: int, server: Game, data: bytes = b"hello") -> tuple[str, int]:
    """Send a datagram there and back; returns the client's address as the server sees it."""
    client.send(data, via)
    request, source = server.receive()
    server.send(request[::-1], source)
    answer, answerer = client.receive()
    assert (request, answer, answerer[1]) == (data, data[::-1], via)
    return source


def test_each_client_has_its_own_address_at_the_server(
    host: MiddlemanProcess, server: Game
) -> None:
    with joining(host) as one, joining(host) as other, Game() as anna, Game() as bert:
        annas = exchange(anna, one.port, server, b"anna")
        berts = exchange(bert, other.port, server, b"bert")

        assert annas != berts
        assert exchange(anna, one.port, server, b"anna again") == annas
        assert exchange(bert, other.port, server, b"bert again") == berts


def test_first_lines_have_what_scripts_need(
    relay: str, host: MiddlemanProcess, server: Game
) -> None:
    with joining(host) as client:
        code = host.first["code"]

        assert host.first == {
            "event": "room",
            "code": code,
            "invite": f"{code}@{relay}",
            "relay": relay,
            "peer_id": 1,
            "udp": f"{LOOPBACK}:{server.port}",
            "path": "relay_udp",
            "legacy": False,
        }
        assert (client.first["code"], client.first["peer_id"]) == (code, 2)
        assert host.expect("peer_joined") == {"event": "peer_joined", "peer": 2}


def test_server_may_speak_first_once_it_knows_the_client(
    host: MiddlemanProcess, server: Game
) -> None:
    with joining(host) as client, Game() as game:
        address = exchange(game, client.port, server)

        for number in range(20):
            server.send(b"state %d" % number, address)

        assert [game.receive()[0] for _ in range(20)] == [b"state %d" % n for n in range(20)]


def test_idle_client_keeps_its_address(relay: str, server: Game) -> None:
    with (
        hosting(relay, server.port, "--idle-timeout", "0.2") as host,
        joining(host) as client,
        Game() as game,
    ):
        address = exchange(game, client.port, server)
        wait_until(lambda: is_free(address))

        assert exchange(game, client.port, server) == address


def test_idle_client_gets_another_address_when_its_own_was_taken(relay: str, server: Game) -> None:
    with (
        hosting(relay, server.port, "--idle-timeout", "0.2") as host,
        joining(host) as client,
        Game() as game,
    ):
        address = exchange(game, client.port, server)
        wait_until(lambda: is_free(address))
        with Game(*address):
            assert exchange(game, client.port, server) != address


def test_address_of_a_client_that_left_is_closed(host: MiddlemanProcess, server: Game) -> None:
    with joining(host) as client, Game() as game:
        address = exchange(game, client.port, server)
        client.stop()

        host.expect("peer_left")
        wait_until(lambda: is_free(address))


def test_client_that_starts_again_from_another_port_is_followed(
    host: MiddlemanProcess, server: Game
) -> None:
    with joining(host) as client:
        with Game() as game:
            address = exchange(game, client.port, server)
        with Game() as game:
            assert exchange(game, client.port, server, b"again") == address
            server.send(b"unasked", address)

            assert game.receive()[0] == b"unasked"


def test_server_that_starts_late_and_again_is_found(relay: str) -> None:
    port = free_port()
    with hosting(relay, port) as host, joining(host) as client, Game() as game:
        game.send(b"early", client.port)
        assert host.expect("nothing_listens")["has_listened"] is False
        with Game(port=port) as server:
            address = exchange(game, client.port, server)

        game.send(b"while it is away", client.port)
        assert host.expect("nothing_listens")["has_listened"] is True
        with Game(port=port) as server:
            assert exchange(game, client.port, server) == address

        assert len(host.told("nothing_listens")) == 2


def test_server_that_cannot_be_reached_is_told_once(relay: str) -> None:
    broadcast = "255.255.255.255:6942"  # which the system lets nobody send to by accident
    with (
        MiddlemanProcess("host", "--relay", relay, "--udp", broadcast) as host,
        joining(host) as client,
        Game() as game,
    ):
        game.send(b"one", client.port)

        told = host.expect("application_unreachable")
        assert (told["address"], told["problem"]) == (broadcast, "Permission denied")
        game.send(b"two", client.port)
        game.send(b"three", client.port)
        client.stop()
        host.expect("peer_left")

        assert host.stop()["drops"] == {"no_socket": 3}
        assert len(host.told("application_unreachable")) == 1


def test_datagram_too_large_is_dropped_and_told_once(host: MiddlemanProcess, server: Game) -> None:
    with joining(host) as client, Game() as game:
        address = exchange(game, client.port, server, bytes(MAX_PAYLOAD))

        for size in (MAX_PAYLOAD + 1, 60_000):
            game.send(bytes(size), client.port)
            server.send(bytes(size), address)
        exchange(game, client.port, server)

        for middleman in (client, host):
            told = middleman.expect("payload_too_large")
            assert (told["size"], told["max_size"]) == (MAX_PAYLOAD + 1, MAX_PAYLOAD)
            assert middleman.stop()["drops"]["too_large"] == 2
            assert len(middleman.told("payload_too_large")) == 1


def test_empty_datagram_is_dropped(host: MiddlemanProcess, server: Game) -> None:
    with joining(host) as client, Game() as game:
        game.send(b"", client.port)
        exchange(game, client.port, server)

        assert client.stop()["drops"] == {"empty": 1}


def test_two_games_at_one_port_are_told_apart(host: MiddlemanProcess, server: Game) -> None:
    with joining(host) as client, Game() as one, Game() as other:
        for game in (one, other, one):
            exchange(game, client.port, server)

        addresses = client.expect("applications_collide")["addresses"]
        assert {address.rpartition(":")[2] for address in addresses} == {
            str(one.port),
            str(other.port),
        }


async def test_sdk_member_plays_with_the_same_server(host: MiddlemanProcess, server: Game) -> None:
    async with packhorse.join(None, host.first["invite"]) as room:
        await room.send(b"from the sdk", to=packhorse.HOST)
        data, address = server.receive()
        server.send(b"answer", address)

        assert data == b"from the sdk"
        async for event in room:
            assert event == packhorse.Message(b"answer", packhorse.HOST)
            break


async def test_client_hears_only_the_host(host: MiddlemanProcess, server: Game) -> None:
    with joining(host) as client, Game() as game:
        exchange(game, client.port, server)
        async with packhorse.join(None, host.first["invite"]) as room:
            await room.send(b"not from the server", to=client.first["peer_id"])
            client.expect("peer_joined")

        exchange(game, client.port, server)
        assert client.stop()["drops"] == {"other_peer": 1}


def test_everything_works_over_ipv6() -> None:
    with (
        RelayProcess(host="::1") as relay,
        Game("::1") as server,
        MiddlemanProcess("host", "--relay", relay.address, "--udp", f"[::1]:{server.port}") as host,
        MiddlemanProcess("join", host.first["invite"], "--udp", "[::1]:0") as client,
        Game("::1") as game,
    ):
        assert host.first["invite"].endswith(f"@[::1]:{relay.port}")
        exchange(game, client.port, server)
