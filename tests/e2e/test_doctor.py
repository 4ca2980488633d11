"""`packhorse doctor`, against a relay, against nothing, and where UDP does not pass."""

import asyncio
import json
import shlex
from signal import SIGINT
from typing import Any

from packhorse.aio.doctor import Doctor
from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.core.doctor.verdict import verdict
from packhorse.core.relay_address import RelayAddress, parse_relay_address
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.aio.stun_ports import NEXT_PORT
from tests.support.middleman_process import packhorse as command
from tests.support.processes import Started, run
from tests.support.relay_process import RelayProcess
from tests.support.relays import LOOPBACK
from tests.support.tcp_only import TcpOnly

Stage = ExaminationStage
NOBODY = f"{LOOPBACK}:9"  # discard


async def examine(relay: RelayAddress) -> dict[ExaminationStage, Finding]:
    """Return all findings by their stages, within a minute."""
    async with asyncio.timeout(60), Doctor(relay) as doctor:
        return {finding.stage: finding async for finding in doctor.examine()}


def results(found: dict[ExaminationStage, Finding], *stages: ExaminationStage) -> set[Result]:
    """Return how these stages ended."""
    return {found[stage].result for stage in stages}


def doctor(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command with `--json`; return its exit code and what it printed."""
    done = run(command("doctor", "--json", *arguments), timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


async def test_good_relay_passes_every_stage() -> None:
    async with RelayServer(bind=[LOOPBACK], port=0, stun_port=NEXT_PORT) as server:
        found = await examine(RelayAddress(LOOPBACK, server.port))
    assert list(found) == list(ExaminationStage)
    needless = {Stage.HAIRPIN, Stage.GATEWAY, Stage.IPV6}  # there is no NAT on the way
    assert results(found, *needless) == {Result.SKIPPED}
    assert results(found, *(set(ExaminationStage) - needless)) == {Result.PASSED}
    assert found[Stage.SIZE].words == "1200 bytes reach the relay"
    assert found[Stage.MAPPING].words.startswith("none: the relay sees 127.0.0.1:")
    assert verdict(found.values()).words == "All is well: the relay can be used."


async def test_relay_without_a_second_port_leaves_filtering_unknown() -> None:
    async with RelayServer(bind=[LOOPBACK], port=0, websocket=None) as server:
        found = await examine(RelayAddress(LOOPBACK, server.port))
    assert found[Stage.FILTERING].words == "the relay has no second port"
    assert found[Stage.WEBSOCKET].result is Result.WARNING
    assert "TCP" in found[Stage.WEBSOCKET].advice
    assert verdict(found.values()).is_usable


async def test_network_without_udp_is_recognised() -> None:
    async with (
        RelayServer(bind=[LOOPBACK], port=0) as server,
        TcpOnly(server.port) as way,
    ):
        found = await examine(parse_relay_address(way.address))
    assert found[Stage.UDP].result is Result.FAILED
    assert results(found, Stage.WEBSOCKET, Stage.VERSION, Stage.RTT, Stage.CLOCK) == {Result.PASSED}
    assert results(found, Stage.SIZE, Stage.MAPPING, Stage.FILTERING) == {Result.SKIPPED}
    conclusion = verdict(found.values())
    assert conclusion.is_usable
    assert "WebSocket only" in conclusion.words


async def test_address_of_a_websocket_is_examined_without_udp() -> None:
    async with RelayServer(bind=[LOOPBACK], port=0) as server:
        found = await examine(parse_relay_address(f"ws://{LOOPBACK}:{server.port}"))
    assert found[Stage.UDP].result is Result.SKIPPED
    assert results(found, Stage.WEBSOCKET, Stage.VERSION, Stage.RTT) == {Result.PASSED}
    assert verdict(found.values()).is_usable


def test_command_tells_scripts_one_object_a_line() -> None:
    with RelayProcess() as relay:
        code, lines = doctor("--relay", relay.address)
    assert code == 0
    assert lines[0] == {"event": "examination", "relay": relay.address}
    assert [line["stage"] for line in lines[1:-1]] == [stage.value for stage in Stage]
    assert lines[-1]["usable"] is True


def test_command_ends_with_1_when_nobody_answers() -> None:
    code, lines = doctor("--relay", NOBODY)
    assert code == 1
    assert lines[-1] == {
        "event": "verdict",
        "words": "The relay does not answer.",
        "usable": False,
    }
    assert all(line["advice"] for line in lines[1:-1] if line["result"] == "failed")


def test_command_ends_with_1_when_the_name_is_unknown() -> None:
    code, lines = doctor("--relay", "relay.invalid")
    assert code == 1
    assert lines[1]["result"] == "failed"
    assert {line["result"] for line in lines[2:-1]} == {"skipped"}
    assert lines[-1]["words"] == "The relay cannot be found."


def test_command_whose_reader_has_gone_ends_in_order() -> None:
    piped = shlex.join(command("doctor", "--relay", NOBODY))
    for options in ("", " --json"):
        done = run(["sh", "-c", f"{piped}{options} | head -1"], timeout=60)
        assert len(done.stdout.splitlines()) == 1


def test_command_that_was_stopped_gives_no_verdict() -> None:
    """All stages but the last ones are good by then: that must not be told as a success."""
    with (
        RelayProcess() as relay,
        Started(command("doctor", "--relay", relay.address)) as process,
    ):
        process.wait_for("passed  Version", timeout=20.0)
        process.signal(SIGINT)

        assert process.wait(timeout=5.0) == 1
        assert process.lines[-1].strip() == "Stopped before the end: nothing is said."


def test_command_ends_with_2_without_a_relay() -> None:
    assert run(command("doctor"), timeout=30).returncode == 2


def test_command_tells_people_a_line_for_each_finding() -> None:
    done = run(command("doctor", "--relay", NOBODY), timeout=60)
    assert done.returncode == 1
    assert "failed  UDP: no answer" in done.stdout
    assert done.stdout.splitlines()[-1] == "The relay does not answer."
