"""What a Godot game is told when connecting fails: in time, with a reason and advice."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.godot_member import GodotMember
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("godot")


@pytest.fixture
def member() -> Iterator[GodotMember]:
    """Give a Godot process."""
    with GodotMember() as process:
        yield process


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a UDP port that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_wrong_code_is_denied(member: GodotMember) -> None:
    with RelayProcess() as relay:
        member.do("join", relay=relay.address, code="0000-0000")

        error = member.expect("connection_error")
        member.expect("connection_failed")

    assert (error["name"], error["stage"]) == ("JOIN_DENIED", "joining the room")
    assert "code" in error["advice"]
    assert member.report()["status"] == 0


def test_denied_member_can_try_again_with_the_same_object(member: GodotMember) -> None:
    with RelayProcess() as relay, GodotMember() as host:
        code = host.create(relay.address)
        member.do("join", relay=relay.address, code="0000-0000")
        member.expect("connection_failed")

        member.join(relay.address, code, reuse=True)

        host.expect("peer_connected", peer=2)
        member.expect("connected_to_server")


def test_silent_relay_is_given_up(member: GodotMember, silent_port: int) -> None:
    started_at = time.monotonic()
    member.do("create", relay=f"127.0.0.1:{silent_port}")

    error = member.expect("connection_error")
    member.expect("connection_failed")

    # Not CONNECT_TIMEOUT, which comes after 15 s.
    assert (error["name"], error["stage"]) == ("NO_ANSWER", "reaching the relay")
    assert "firewall" in error["advice"]
    assert time.monotonic() - started_at > 5.0  # 5.75 s by the specification


def test_connect_timeout_of_the_options_counts(member: GodotMember, silent_port: int) -> None:
    started_at = time.monotonic()
    member.do("create", relay=f"127.0.0.1:{silent_port}", timeout=1.0)

    error = member.expect("connection_error")

    assert error["name"] == "CONNECT_TIMEOUT"  # not NO_ANSWER, which comes after 5.75 s
    assert time.monotonic() - started_at >= 1.0


def test_closed_port_is_given_up(member: GodotMember) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    member.do("create", relay=f"127.0.0.1:{port}", timeout=2.0)

    error = member.expect("connection_error")

    assert error["name"] == "CONNECT_TIMEOUT"
    member.expect("connection_failed")


def test_unknown_name_is_told_at_once(member: GodotMember) -> None:
    name = "relay.invalid"  # RFC 6761: never has an address; some resolvers take 10 s to say so
    member.do("create", relay=name, timeout=25.0)

    error = member.expect("connection_error")

    assert (error["name"], error["stage"]) == ("NAME_UNKNOWN", "resolving the relay's name")
    member.expect("connection_failed")


@pytest.mark.parametrize("relay", ["two words", "host:0", "host:port", "ws://host:0", "[::1"])
def test_unreadable_address_is_refused_at_once(member: GodotMember, relay: str) -> None:
    member.do("create", relay=relay)

    assert member.expect("connection_error")["name"] == "ADDRESS_INVALID"
    assert member.expect("started")["result"] == "Invalid parameter"


def test_relay_that_is_named_nowhere_is_refused_at_once(member: GodotMember) -> None:
    member.do("create", relay="")

    error = member.expect("connection_error")
    assert error["name"] == "ADDRESS_MISSING"
    assert "packhorse/relay/address" in error["advice"]
    assert member.expect("started")["result"] == "Invalid parameter"


def test_error_in_the_call_is_a_warning_when_nobody_listens(member: GodotMember) -> None:
    member.expected_error = "Packhorse: CODE_INVALID"
    member.do("join", relay="127.0.0.1", code="K7QM", deaf=True)

    assert member.expect("started")["result"] == "Invalid parameter"
    assert "a room code has 8 letters and digits" in member.output


def test_later_error_is_one_warning_when_nobody_listens(member: GodotMember) -> None:
    member.expected_error = "Packhorse: JOIN_DENIED"
    with RelayProcess() as relay:
        member.do("join", relay=relay.address, code="0000-0000", deaf=True)
        member.expect("connection_failed")

    assert member.output.count("Packhorse: JOIN_DENIED") == 1
    assert "compare code" in member.output


def test_unreadable_code_is_refused_at_once(member: GodotMember) -> None:
    member.do("join", relay="127.0.0.1", code="K7QM-2XPU")

    assert member.expect("connection_error")["name"] == "CODE_INVALID"
    assert member.expect("started")["result"] == "Invalid parameter"


def test_peer_in_use_is_refused(member: GodotMember) -> None:
    with RelayProcess() as relay:
        member.create(relay.address)
        member.expect("started", result="OK")

        member.do("create", relay=relay.address, reuse=True)

        assert member.expect("started")["result"] == "Already in use"
        assert member.report()["status"] == 2


def test_closing_while_connecting_is_quiet(member: GodotMember, silent_port: int) -> None:
    member.do("create", relay=f"127.0.0.1:{silent_port}")
    member.expect("stage_changed", stage="REACHING_UDP")

    member.do("close")
    member.expect("connection_failed")  # by Godot, which sees the status

    assert member.report()["status"] == 0
    assert member.unexpected("connection_error") == []


def test_relay_that_stops_says_so(member: GodotMember) -> None:
    with RelayProcess() as relay:
        member.create(relay.address)

    assert member.expect("connection_error")["name"] == "DRAINING"
    member.expect("server_disconnected")
