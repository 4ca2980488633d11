"""`packhorse ping` and `Room.ping_peer`, through a real relay."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from signal import SIGINT

import pytest

import packhorse
from packhorse_relay.aio.server import RelayServer
from tests.support.gate import Gate
from tests.support.middleman_process import (
    START_TIMEOUT,
    Game,
    MiddlemanProcess,
    hosting,
)
from tests.support.middleman_process import packhorse as command
from tests.support.processes import Started, run
from tests.support.relay_process import RelayProcess
from tests.support.relays import LOOPBACK, address_of, new_relay
from tests.support.waiting import until


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


@pytest.fixture
def process() -> Iterator[str]:
    with RelayProcess() as running:
        yield running.address


@pytest.fixture
def host(process: str) -> Iterator[MiddlemanProcess]:
    with hosting(process, 6942) as running:
        yield running


def ping(*arguments: str) -> tuple[int, list[str]]:
    """Run the command; return its exit code and what it printed."""
    done = run(command("ping", *arguments), timeout=30)
    return done.returncode, done.stdout.splitlines()


async def test_peer_answers_in_both_directions(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as one,
        packhorse.join(address_of(relay), one.code) as other,
    ):
        rtts = [await other.ping_peer(packhorse.HOST) for _ in range(3)]
        rtts += await asyncio.gather(one.ping_peer(other.peer_id), one.ping_peer(other.peer_id))

        assert all(0 < rtt < 2 for rtt in rtts)


async def test_peer_that_is_cut_off_does_not_answer(relay: RelayServer) -> None:
    async with (
        Gate((LOOPBACK, relay.port)) as gate,
        packhorse.host(gate.address) as one,
        packhorse.join(address_of(relay), one.code) as other,
    ):
        await other.ping_peer(packhorse.HOST)
        gate.is_open = False

        with pytest.raises(packhorse.TransactionTimeoutError, match="while pinging peer 1"):
            await other.ping_peer(packhorse.HOST, timeout=0.2)
        gate.is_open = True


async def test_only_members_are_pinged(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        with pytest.raises(packhorse.LocalProtocolError, match="peer 9 is not in the room"):
            await room.ping_peer(9)


async def test_end_of_the_session_ends_the_waiting(relay: RelayServer) -> None:
    async with (
        Gate((LOOPBACK, relay.port)) as gate,
        packhorse.host(gate.address) as one,
        packhorse.join(address_of(relay), one.code) as other,
    ):
        gate.is_open = False
        waiting = asyncio.create_task(other.ping_peer(packhorse.HOST, timeout=10.0))
        await asyncio.sleep(0)

        await other.aclose()

        with pytest.raises(packhorse.SessionClosedOK):
            await waiting
        gate.is_open = True


def test_command_measures_the_way_to_the_host(host: MiddlemanProcess) -> None:
    code, lines = ping(host.first["invite"], "--count", "5", "--interval", "0.05", "--json")

    told = json.loads(lines[0])
    assert (code, len(lines)) == (0, 1)
    assert {name: told[name] for name in ("event", "target", "code", "relay")} == {
        "event": "ping",
        "target": "host",
        "code": host.first["code"],
        "relay": host.first["relay"],
    }
    assert (told["sent"], told["received"], told["loss"]) == (5, 5, 0.0)
    rtt = told["rtt_ms"]
    assert 0 < rtt["min"] <= rtt["median"] <= rtt["p99"] == rtt["max"] < 2000
    assert told["jitter_ms"] >= 0


def test_command_measures_the_way_to_a_relay_without_a_room(process: str) -> None:
    code, lines = ping("--relay", process, "--count", "3", "--interval", "0.25")

    assert code == 0
    assert lines[:2] == [
        f"From here to the relay {process} and back, without a room:",
        "3 sent, 3 received, 0 % loss",
    ]
    assert lines[2].startswith("RTT in ms: min ")


async def test_room_that_is_closed_meanwhile_ends_the_command(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        invite = f"{room.code}@{address_of(relay)}"
        with Started(command("ping", invite, "--count", "1000", "--interval", "0.05")) as process:
            await until(lambda: relay.datagrams_forwarded >= 4, within=START_TIMEOUT)

            await room.aclose()

            await asyncio.to_thread(process.wait_for, "Ended early: the host closed the room.")
            assert process.wait() == 0
    assert process.lines[1].endswith(" loss")


def test_command_can_be_interrupted(process: str) -> None:
    arguments = ("ping", "--relay", process, "--count", "1000", "--interval", "0.25")
    with Started(command(*arguments, "--json")) as pinging:
        with pytest.raises(AssertionError, match="no 'anything' within"):
            pinging.wait_for("anything", timeout=2.0)  # it says nothing until the end
        pinging.signal(SIGINT)

        assert pinging.wait() == 0
    assert 1 <= json.loads(pinging.lines[0])["received"] <= 10


def test_silent_relay_is_an_error_with_advice() -> None:
    with Game() as silent:
        code, lines = ping("--relay", f"{LOOPBACK}:{silent.port}", "--count", "1", "--json")

    assert code == 1
    assert json.loads(lines[0])["received"] == 0
    assert lines[1] == "error: failed while pinging the relay: no answer to 1 ping"
    assert "`packhorse doctor --relay` with the same address" in lines[2]


def test_unknown_room_is_an_error_with_advice(process: str) -> None:
    code, lines = ping("AAAA-BBBB", "--relay", process)

    assert (code, lines[0]) == (1, "error: there is no such room or it does not admit you")
    assert lines[1].startswith("advice: ")
