"""What a forwarded datagram costs the relay, next to a plain asyncio relay."""

import os
from contextlib import ExitStack
from statistics import median

from tests.bench.relays import LOAD_CPU, LoadedRelay, packhorse_relay, plain_relay, unicast_ring

_MEMBERS = 8
_PAYLOAD = bytes(100)
_BURST = 16  # datagrams a member sends before all are awaited
_ROUNDS = 400  # a run
_RUNS = 7  # of each relay, interleaved


def test_relay_cost_per_forwarded_datagram() -> None:
    os.sched_setaffinity(0, {LOAD_CPU})
    costs: dict[str, list[float]] = {}

    with ExitStack() as stack:
        relays = [stack.enter_context(start(_MEMBERS)) for start in (plain_relay, packhorse_relay)]
        for _ in range(_RUNS):
            for relay in relays:
                costs.setdefault(relay.name, []).append(_microseconds(relay))

    _report(costs)
    assert all(len(runs) == _RUNS for runs in costs.values())


def _microseconds(relay: LoadedRelay) -> float:
    datagrams, seconds = unicast_ring(relay, _ROUNDS, _BURST, _PAYLOAD)
    return seconds / datagrams * 1e6


def _report(costs: dict[str, list[float]]) -> None:
    baseline = median(next(iter(costs.values())))
    print(f"\nrelay CPU per forwarded datagram: {len(_PAYLOAD)} bytes, {_MEMBERS} members,")
    print(f"bursts of {_BURST} per member, lossless, {_RUNS} interleaved runs of")
    print(f"{_ROUNDS * _BURST * _MEMBERS} datagrams; user + system, median (min-max) in us")
    for name, runs in costs.items():
        spread = f"{median(runs):5.2f} ({min(runs):.2f}-{max(runs):.2f})"
        print(f"  {name:32} {spread:20} = {median(runs) / baseline:.2f} x plain")
