"""What a message costs a program that uses the SDK: two rooms in one process, the relay apart."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Final

import packhorse
from packhorse import Mode, Room
from packhorse_relay.bench.programs import LOAD_CPU, RELAY_CPU
from tests.support.relay_process import RelayProcess

_PAYLOAD: Final = bytes(100)
_MESSAGES: Final = 20_000  # a run
_RUNS: Final = 5  # of each shape, interleaved
_PATIENCE: Final = 120.0  # seconds
_SHAPES: Final = (  # mode, and messages sent together before all of them are awaited
    (Mode.UNRELIABLE, 64),
    (Mode.RELIABLE, 1),
    (Mode.RELIABLE, 64),
    (Mode.RELIABLE, _MESSAGES),
)


async def test_cost_of_a_message_sent_and_received() -> None:
    os.sched_setaffinity(0, {LOAD_CPU})
    costs: dict[tuple[Mode, int], list[float]] = {shape: [] for shape in _SHAPES}

    async with _two_rooms() as (sender, receiver):
        for _ in range(_RUNS):
            for (mode, burst), runs in costs.items():
                runs.append(await _microseconds(sender, receiver, mode, burst))

    _report(costs)
    assert all(len(runs) == _RUNS for runs in costs.values())


@asynccontextmanager
async def _two_rooms() -> AsyncIterator[tuple[Room, Room]]:
    with RelayProcess("--profile", "unlimited") as relay:
        os.sched_setaffinity(relay.pid, {RELAY_CPU})
        async with (
            packhorse.host(relay.address) as host,
            packhorse.join(relay.address, host.code) as guest,
        ):
            yield host, guest


async def _microseconds(sender: Room, receiver: Room, mode: Mode, burst: int) -> float:
    """Return processor time of this process per message, both ends together."""
    arrivals = _Arrivals(receiver)
    before = time.process_time()
    async with asyncio.timeout(_PATIENCE):
        for first in range(0, _MESSAGES, burst):
            for _ in range(burst):
                await sender.send(_PAYLOAD, to=receiver.peer_id, mode=mode)
            await arrivals.reach(first + burst)
    return (time.process_time() - before) / arrivals.count * 1e6


class _Arrivals:
    """Counts what a room receives."""

    def __init__(self, room: Room) -> None:
        self.count = 0
        self._awaited = 0
        self._is_reached = asyncio.Event()
        room.on_message = self._take

    async def reach(self, count: int) -> None:
        """Wait until `count` messages have arrived."""
        self._awaited = count
        self._is_reached.clear()
        if self.count < count:
            await self._is_reached.wait()

    def _take(self, _message: packhorse.Message) -> None:
        self.count += 1
        if self.count == self._awaited:
            self._is_reached.set()


def _report(costs: dict[tuple[Mode, int], list[float]]) -> None:
    print(f"\nSDK: {len(_PAYLOAD)}-byte messages, sender and receiver in one process, relay apart;")
    print(f"{_RUNS} interleaved runs of {_MESSAGES}; user + system, median (min-max)")
    for (mode, burst), runs in costs.items():
        spread = f"{median(runs):5.1f} ({min(runs):.1f}-{max(runs):.1f}) us"
        rate = f"{1e6 / median(runs):7.0f} messages a second and core"
        print(f"  {mode.name.lower():10} {burst:6} together: {spread:24} = {rate}")
