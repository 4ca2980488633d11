"""What members do who abuse the relay must not be felt in other rooms."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from packhorse.wire import constants as c
from tests.support.attackers import READERS
from tests.support.crowd import Crowd, Traffic
from tests.support.processes import Started
from tests.support.relay_process import LOOPBACK, RelayProcess
from tests.support.resident import peak_resident_bytes, resident_bytes

RATE: Final = 20.0  # datagrams a second and member
CALM: Final = 2.0  # seconds without an attack
RTT_GOAL: Final = 0.020  # seconds, 99th percentile
MOST_LOST: Final = 0.01
PER_READER: Final = 256 * 1024  # bytes
GONE: Final = {1006, 1008}  # the relay's goodbye, or none where nobody reads it

pytestmark = [
    pytest.mark.slow,
    pytest.mark.quiet,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="many loopback addresses, /proc"),
]


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with RelayProcess() as relay:
        yield relay


@pytest.fixture
def crowd(relay: RelayProcess) -> Iterator[Crowd]:
    with Crowd((LOOPBACK, relay.port), rooms=10, members=4) as crowd:
        yield crowd


@contextmanager
def attack(name: str, relay: RelayProcess, seconds: float) -> Iterator[Started]:
    command = [sys.executable, "-m", "tests.support.attackers", name, str(relay.port), str(seconds)]
    with Started(command) as attacker:
        attacker.wait_for("ready", timeout=30)
        yield attacker


def result(attacker: Started) -> dict[str, Any]:
    assert attacker.wait(timeout=30) == 0, attacker.output
    told: dict[str, Any] = json.loads(attacker.lines[-1])
    return told


def check_undisturbed(traffic: Traffic, *quiet: Traffic) -> None:
    """See that other rooms lose next to nothing and wait no longer than a frame or so.

    On a busy machine they wait longer, attack or not: `quiet` is what was before and after.
    """
    loss = 1 - traffic.received / traffic.sent
    rtt = 2 * traffic.percentile(0.99)
    calm = max(2 * other.percentile(0.99) for other in quiet)
    print(f"loss {loss:.2%}; p99 RTT {rtt * 1e3:.2f} ms, without attack {calm * 1e3:.2f} ms")
    assert rtt < max(RTT_GOAL, 2 * calm)
    assert loss < MOST_LOST


def test_attack_19_broadcasts_at_ten_times_the_budget_are_not_felt_in_other_rooms(
    relay: RelayProcess, crowd: Crowd
) -> None:
    """LIM-2: a client of a room of 64; what the relay sends for it stays within its budget."""
    seconds = 6.0
    before = crowd.run(CALM, rate=RATE)
    with attack("broadcast", relay, seconds) as attacker:
        traffic = crowd.run(seconds - 1, rate=RATE)
        told = result(attacker)
    after = crowd.run(CALM, rate=RATE)

    most = c.CLIENT_BYTE_RATE * (seconds + 1)
    assert told["sent"] * (c.MAX_PEERS - 1) * 1200 > 9 * c.CLIENT_BYTE_RATE * seconds
    assert 0.7 * c.CLIENT_BYTE_RATE * seconds < told["octets"] <= most
    check_undisturbed(traffic, before, after)


def test_attack_21_readers_that_never_read_are_ended_and_not_felt_in_other_rooms(
    relay: RelayProcess, crowd: Crowd
) -> None:
    """WS-3, WS-4: as many as one source may have, behind 5 Mbit/s each."""
    before = crowd.run(CALM, rate=RATE)
    memory = resident_bytes(relay.pid)
    with attack("stall", relay, 9.0) as attacker:
        traffic = crowd.run(8.0, rate=RATE)
        grown = peak_resident_bytes(relay.pid) - memory
        told = result(attacker)
    after = crowd.run(CALM, rate=RATE)
    drops = relay.stop()["drops"]

    print(f"memory +{grown / 1e6:.1f} MB")
    assert len(told["closed"]) == READERS
    assert set(told["closed"]) <= GONE
    assert drops["buffer_full"] > 100 * READERS
    assert grown < PER_READER * READERS
    check_undisturbed(traffic, before, after)
