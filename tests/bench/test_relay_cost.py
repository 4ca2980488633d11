"""What a forwarded datagram costs the relay's data planes, next to other relays."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench.peers import c_relay, coturn
from tests.bench.relays import (
    LOAD_CPU,
    LoadedRelay,
    fan_out,
    packhorse_relay,
    plain_relay,
    singles,
    unicast_ring,
)

_MEMBERS = 8
_PAYLOAD = bytes(100)
_RUNS = 7  # of each relay, interleaved
_BURST = 16  # datagrams a member sends before all are awaited
_ROUNDS = 100  # a run
_RATE = 5000.0  # datagrams a second
_SECONDS = 1.0  # a run
_ROOM = 32  # members that a fan-out reaches, sender included
_PLANES = [
    partial(packhorse_relay, dataplane="portable"),
    partial(packhorse_relay, dataplane="batched"),
]

Costs = dict[str, list[float]]
Load = Callable[[LoadedRelay], tuple[int, float]]


def test_relay_cost_per_forwarded_datagram(tmp_path: Path) -> None:
    load = partial(unicast_ring, rounds=_ROUNDS, burst=_BURST, payload=_PAYLOAD)

    costs = _measure(load, tmp_path)

    _report(costs, f"8 members, each {_BURST} datagrams to the next before all are awaited")


def test_relay_cost_of_single_datagrams(tmp_path: Path) -> None:
    load = partial(singles, rate=_RATE, seconds=_SECONDS, payload=_PAYLOAD)

    costs = _measure(load, tmp_path)

    _report(costs, f"8 members, {_RATE:.0f} datagrams a second, one at a time")


def test_relay_cost_of_a_fan_out() -> None:
    costs: Costs = {}
    loads = {
        "unicasts": partial(unicast_ring, rounds=_ROUNDS // 4, burst=16, payload=_PAYLOAD),
        "fan-out": partial(fan_out, rounds=_ROUNDS // 4, burst=16, payload=_PAYLOAD),
    }

    os.sched_setaffinity(0, {LOAD_CPU})
    with ExitStack() as stack:
        relays = [stack.enter_context(start(_ROOM)) for start in _PLANES]
        for _ in range(_RUNS):
            for relay in relays:
                for name, load in loads.items():
                    _add(costs, f"{relay.name}, {name}", load(relay))

    _report(costs, f"{_ROOM} members; the next one each, or all others of one, a copy")


def _measure(load: Load, folder: Path) -> Costs:
    os.sched_setaffinity(0, {LOAD_CPU})
    costs: Costs = {}
    with ExitStack() as stack:
        starts: list[Callable[[int], AbstractContextManager[LoadedRelay]]]
        starts = [plain_relay, *_PLANES, partial(c_relay, folder=folder), coturn]
        relays = [stack.enter_context(start(_MEMBERS)) for start in starts]
        for _ in range(_RUNS):
            for relay in relays:
                _add(costs, relay.name, load(relay))
    return costs


def _add(costs: Costs, name: str, result: tuple[int, float]) -> None:
    datagrams, seconds = result
    costs.setdefault(name, []).append(seconds / datagrams * 1e6)


def _report(costs: Costs, shape: str) -> None:
    assert all(len(runs) == _RUNS for runs in costs.values())
    medians = {name: median(runs) for name, runs in costs.items()}
    first, *others = [
        next(iter(costs)),
        *(name for name in costs if name.startswith(("C,", "cot"))),
    ]
    print(f"\nrelay CPU per forwarded datagram of {len(_PAYLOAD)} bytes, lossless; {shape};")
    print(f"{_RUNS} interleaved runs; user + system, median (min-max) in us")
    for name, runs in costs.items():
        spread = f"{medians[name]:5.2f} ({min(runs):.2f}-{max(runs):.2f})"
        ratios = [f"{medians[name] / medians[each]:.2f} x {each}" for each in (first, *others)]
        print(f"  {name:32} {spread:20} = {', '.join(ratios)}")
