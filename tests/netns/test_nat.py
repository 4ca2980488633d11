"""Members behind home routers meet on a public relay."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.netns import Home, Host, NatLab
from tests.support.processes import Started

_RELAY = "198.51.100.1:6969"
_PYTHON = [sys.executable, "-m"]


@pytest.fixture
def lab(netns: None) -> Iterator[NatLab]:  # noqa: ARG001 - sees that namespaces can be made
    with NatLab(homes=2) as lab:
        yield lab


@pytest.fixture
def programs(lab: NatLab) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        relay = _start(
            stack, lab.net, *_PYTHON, "packhorse", "relay", "--json", "--drain-time", "0"
        )
        relay.wait_for("listening")
        yield stack


def test_members_behind_two_routers_exchange_datagrams(lab: NatLab, programs: ExitStack) -> None:
    home_a, home_b = lab.homes

    code, host_mapped = _open_room(programs, home_a)
    client = _start(programs, home_b.machine, *_member(), "--code", code)

    assert _host_of(host_mapped) == home_a.router.address
    echo = json.loads(client.wait_for("echo"))
    assert _host_of(echo["mapped"]) == home_b.router.address


def test_client_goes_on_when_its_router_forgets_the_mapping(
    lab: NatLab, programs: ExitStack
) -> None:
    """PATH-1: the session follows to the new port, with the same id in the same room."""
    code, _ = _open_room(programs, lab.homes[0])
    client = _start(programs, lab.homes[1].machine, *_member(), "--code", code)
    before = json.loads(client.wait_for("echo"))

    lab.homes[1].forget_mappings()

    after = _first_echo_from_another_address(client, before["mapped"])
    assert after["echo"] > before["echo"]
    assert _host_of(after["mapped"]) == lab.homes[1].router.address


def test_client_whose_network_blocks_udp_comes_in_over_websocket(
    lab: NatLab, programs: ExitStack
) -> None:
    lab.homes[1].block_udp()
    code, _ = _open_room(programs, lab.homes[0])

    client = _start(programs, lab.homes[1].machine, *_member(), "--code", code)

    assert json.loads(client.wait_for("path"))["path"] == "relay_websocket"
    assert _host_of(json.loads(client.wait_for("echo"))["mapped"]) == lab.homes[1].router.address


def test_unmodified_program_works_through_two_routers(lab: NatLab, programs: ExitStack) -> None:
    server, player = (home.machine for home in lab.homes)
    _start(programs, server, "socat", "UDP-LISTEN:6942,bind=127.0.0.1,fork", "EXEC:cat")
    host = _start(programs, server, *_packhorse("host", "--udp", "127.0.0.1:6942"))
    code = json.loads(host.wait_for('"code"'))["code"]
    join = _start(programs, player, *_packhorse("join", code, "--udp", "6970"))
    join.wait_for("ready")

    client = _start(
        programs, player, "sh", "-c", "(echo hello; sleep 5) | socat - UDP:127.0.0.1:6970"
    )

    assert client.wait_for("hello") == "hello"


def _first_echo_from_another_address(client: Started, address: str) -> dict[str, Any]:
    while True:
        echo: dict[str, Any] = json.loads(client.wait_for("echo"))
        if echo["mapped"] != address:
            return echo


def _open_room(programs: ExitStack, home: Home) -> tuple[str, str]:
    host = _start(programs, home.machine, *_member())
    room = json.loads(host.wait_for("code"))
    return room["code"], room["mapped"]


def _start(programs: ExitStack, host: Host, *command: str) -> Started:
    return programs.enter_context(Started(host.command(command)))


def _member() -> list[str]:
    return [*_PYTHON, "tests.netns.member", "--relay", _RELAY]


def _packhorse(command: str, *arguments: str) -> list[str]:
    return [*_PYTHON, "packhorse", command, *arguments, "--relay", _RELAY, "--json"]


def _host_of(address: str) -> str:
    return address.rpartition(":")[0]
