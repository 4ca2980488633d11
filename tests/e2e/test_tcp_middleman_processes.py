"""What `packhorse host --tcp` and `packhorse join --tcp` tell people and scripts."""

import socket
from collections.abc import Iterator
from signal import SIGINT

import pytest

from tests.support.middleman_process import (
    LOOPBACK,
    START_TIMEOUT,
    Game,
    MiddlemanProcess,
    packhorse,
)
from tests.support.processes import Started, run
from tests.support.relay_process import RelayProcess
from tests.support.tcp_process import TcpPath, free_tcp_port, tcp_path


@pytest.fixture
def relay() -> Iterator[str]:
    with RelayProcess() as process:
        yield process.address


@pytest.fixture
def path() -> Iterator[TcpPath]:
    with tcp_path() as path:
        yield path


def exchange(path: TcpPath) -> None:
    """Send five bytes to a server, and get them back."""
    with (
        socket.create_server((LOOPBACK, path.server_port)) as listener,
        socket.create_connection((LOOPBACK, path.port)) as client,
    ):
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        server, _ = listener.accept()
        with server, server.makefile("rb") as lines:
            server.sendall(lines.read())
        with client.makefile("rb") as lines:
            assert lines.read() == b"hello"


def test_first_lines_name_the_tcp_service(path: TcpPath) -> None:
    assert (path.host.first["udp"], path.host.first["tcp"]) == (
        None,
        f"{LOOPBACK}:{path.server_port}",
    )
    assert path.client.first["udp"] is None
    assert path.client.first["address"] == f"{LOOPBACK}:{path.port}"
    assert "services" not in path.host.first | path.client.first


def test_first_lines_list_several_services(relay: str) -> None:
    services = ("--udp", "6942", "--udp", "[::1]:6943", "--tcp", "25565")
    with (
        MiddlemanProcess("host", "--relay", relay, *services) as host,
        MiddlemanProcess("join", host.first["invite"], "--udp", "0", "--tcp", "0") as client,
    ):
        assert host.first["services"] == [
            {"protocol": "udp", "address": "127.0.0.1:6942", "port": 6942},
            {"protocol": "udp", "address": "[::1]:6943", "port": 6943},
            {"protocol": "tcp", "address": "127.0.0.1:25565", "port": 25565},
        ]
        ports = {each["protocol"]: each["port"] for each in client.first["services"]}
        assert ports == {"udp": client.first["udp"], "tcp": client.first["tcp"]}


def test_signal_sums_up_the_connections(path: TcpPath) -> None:
    exchange(path)

    counts = {"connections": 1, "open": 0, "refused": 0}
    for middleman in (path.client, path.host):
        assert middleman.stop(SIGINT)["tcp"] == {
            **counts,
            "bytes_to_room": 5,
            "bytes_from_room": 5,
        }


def test_person_reads_all_ports_and_the_command_for_friends(relay: str) -> None:
    command = packhorse("host", "--relay", relay, "--udp", "6942", "--tcp", "25565")
    with Started(command) as host:
        host.wait_for("Ctrl-C", timeout=START_TIMEOUT)
        invite = next(line for line in host.lines if line.startswith("Invite: ")).split()[1]
        arguments = ("join", invite, "--udp", "0", "--tcp", "0", "--tcp", "0")
        with Started(packhorse(*arguments)) as client:
            client.wait_for("so --tcp number 2 leads nowhere", timeout=START_TIMEOUT)
            client.signal(SIGINT)
            assert client.wait() == 0
        host.signal(SIGINT)
        assert host.wait() == 0

    where = f"{LOOPBACK}:6942 (UDP) and {LOOPBACK}:25565 (TCP)"
    assert host.lines[0] == f"Room open on {relay}, for the servers at {where}."
    assert f"Friends run this, and let their game connect to {where}:" in host.lines
    assert f"  packhorse join {invite} --udp 6942 --tcp 25565" in host.lines
    assert host.lines[-1] == (
        "Carried 0 TCP connections, 0.0 MB to the room and 0.0 MB from it; refused: none."
    )
    assert "(UDP), 127.0.0.1:" in client.lines[1]


def test_client_that_wants_what_the_host_has_not_ends_with_advice(relay: str) -> None:
    with (
        MiddlemanProcess("host", "--relay", relay, "--tcp", "25565") as host,
        MiddlemanProcess("join", host.first["invite"], "--udp", "0") as client,
        Game() as player,
    ):
        player.send(b"is anybody there?", client.port)

        assert client.wait() == 1
    assert client.output.splitlines()[-2:] == [
        "error: the host offers none of these services, but TCP 25565",
        "advice: run `packhorse join` with --tcp 25565, or ask the host to offer more",
    ]


def test_port_in_use_is_told_before_the_room_is_joined(relay: str) -> None:
    with (
        MiddlemanProcess("host", "--relay", relay, "--tcp", "25565") as host,
        socket.create_server((LOOPBACK, 0)) as other,
    ):
        port = str(other.getsockname()[1])
        done = run(packhorse("join", host.first["invite"], "--tcp", port), timeout=20)

        assert done.returncode == 1
        assert f"error: TCP port {port} of {LOOPBACK} cannot be had" in done.stdout
        assert "another one with --tcp" in done.stdout
        host.stop()
        assert host.told("peer_joined") == []


def test_client_that_is_killed_resets_its_connections_at_the_host(relay: str) -> None:
    port = free_tcp_port()
    with (
        MiddlemanProcess("host", "--relay", relay, "--tcp", str(port)) as host,
        socket.create_server((LOOPBACK, port)) as listener,
        MiddlemanProcess("join", host.first["invite"], "--tcp", "0") as client,
        socket.create_connection((LOOPBACK, client.first["tcp"])),
    ):
        server, _ = listener.accept()
        with server:
            server.settimeout(10)
            client.stop()

            with pytest.raises(ConnectionResetError):
                server.recv(1)


def test_udp_and_tcp_of_one_game_share_the_room(relay: str) -> None:
    with (
        Game() as udp_server,
        socket.create_server((LOOPBACK, 0)) as tcp_server,
        MiddlemanProcess(
            *("host", "--relay", relay, "--udp", str(udp_server.port)),
            *("--tcp", str(tcp_server.getsockname()[1])),
        ) as host,
        MiddlemanProcess("join", host.first["invite"], "--udp", "0", "--tcp", "0") as client,
        Game() as player,
    ):
        player.send(b"moving", client.port)
        assert udp_server.receive()[0] == b"moving"
        with socket.create_connection((LOOPBACK, client.first["tcp"])) as chat:
            chat.sendall(b"talking")
            server, _ = tcp_server.accept()
            with server:
                assert server.recv(100) == b"talking"
        assert host.stop()["tcp"]["bytes_from_room"] == 7
