"""What a datagram costs with 8 members, and with 10,000, system calls included.

Rooms of eight, each member with a socket of its own. In bursts each sends 16 datagrams in a
row; mixed, each datagram is of another member than the one before, to any other of its room.
What the kernel does to deliver over loopback counts for the relay.
"""

import resource
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from json import loads
from random import Random
from statistics import median
from typing import Final

import pytest

from packhorse_relay.bench.load import BURST, Generator, Result
from packhorse_relay.bench.loaded import PAYLOAD, Flow, LoadedRelay, source_of
from packhorse_relay.bench.members import fill_room
from packhorse_relay.bench.programs import running

ROOM: Final = 8
ROOMS: Final = (1, 1250)
DATAGRAMS: Final = 20_000  # of a run
TOGETHER: Final = 128  # datagrams that are sent before all are awaited
RUNS: Final = 7
PLANES: Final = ("portable", "batched")
LOOPBACK: Final = "127.0.0.1"
LIMITS: Final = (
    *("hello_rate", "reply_rate", "reply_rate_total", "create_rate", "join_rate"),
    *("max_rooms", "max_sessions", "rooms_per_source", "sessions_per_source"),
)


@pytest.mark.timeout(400)  # 20,000 joins
def test_cost_of_a_datagram_by_members_over_sockets() -> None:
    print()
    for plane in PLANES:
        with most_files(), ExitStack() as stack:
            relays = [stack.enter_context(full_relay(plane, rooms)) for rooms in ROOMS]
            results = measure(relays)
            for relay in relays:
                report(plane, len(relay.members), results[relay.pid], results[relays[0].pid])


def measure(relays: list[LoadedRelay]) -> dict[int, list[tuple[Result, Result]]]:
    """Return bursts and mixed loads by relay; a first run, in which all are new, is left out."""
    generator, results = Generator(), dict[int, list[tuple[Result, Result]]]()
    loads_of = {relay.pid: mixed(relay) for relay in relays}
    for _ in range(RUNS + 1):
        for relay in relays:
            rounds = max(1, DATAGRAMS // (BURST * len(relay.members)))
            pair = generator.bursts(relay, rounds), generator.mixed(relay, loads_of[relay.pid])
            results.setdefault(relay.pid, []).append(pair)
    return {pid: runs[1:] for pid, runs in results.items()}


def mixed(relay: LoadedRelay) -> list[list[tuple[Flow, int]]]:
    """Return turns of datagrams, and the members that get them."""
    random, turns = Random(0), list[list[tuple[Flow, int]]]()  # noqa: S311 - repeatable
    count = len(relay.members)
    order: list[int] = []
    for _ in range(DATAGRAMS // TOGETHER):
        turn = []
        for _ in range(TOGETHER):
            order = order or random.sample(range(count), count)
            sender = order.pop()
            receiver = sender // ROOM * ROOM + (sender + random.randrange(1, ROOM)) % ROOM
            member, other = relay.members[sender], relay.members[receiver]
            turn.append((Flow(member.sock, member.datagram_to(other.peer, PAYLOAD)), receiver))
        turns.append(turn)
    return turns


def report(
    plane: str, members: int, runs: list[tuple[Result, Result]], few: list[tuple[Result, Result]]
) -> None:
    """Print costs, and ratios to those of few members."""
    for number, load in enumerate(("in bursts", "mixed")):
        costs = [run[number].microseconds for run in runs]
        ratios = [
            run[number].microseconds / other[number].microseconds
            for run, other in zip(runs, few, strict=True)
        ]
        lost = sum(run[number].expected - run[number].received for run in runs)
        spread = f"{median(costs):.2f} ({min(costs):.2f}-{max(costs):.2f}) us"
        times = f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        print(f"  {plane:8} {members:6,} members, {load:9} {spread} = {times} x few, lost {lost}")


@contextmanager
def full_relay(plane: str, rooms: int) -> Iterator[LoadedRelay]:
    """Run a relay with full rooms."""
    command = [sys.executable, "-m", "packhorse", "relay", "--bind", LOOPBACK, "--port", "0"]
    command += ["--json", "--profile", "unlimited", "--dataplane", plane]
    command += [f"--set={name}=20000" for name in LIMITS]
    with running(command) as program:
        address = LOOPBACK, int(loads(program.wait_for("listening"))["port"])
        full = [fill_room(address, ROOM, source_of(number)) for number in range(rooms)]
        relay = LoadedRelay.ring(plane, program.pid, full)
        yield relay
        relay.close()


@contextmanager
def most_files() -> Iterator[None]:
    """Let this process open as many files as it may."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual[1], usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, usual)
