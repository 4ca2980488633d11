"""What a game of eight costs each player, every one in a process of its own as in real life."""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.support.godot import start_godot
from tests.support.processes import Started
from tests.support.relay_process import RelayProcess

_SCRIPT: Final = "res://tests/bench/one_player.gd"
_PLAYERS: Final = 8
_ROUNDS: Final = 3
_WARM_UP: Final = 3.0  # seconds
_SECONDS: Final = 10.0
_CALLS: Final = 30 * (_PLAYERS - 1)  # a second that come to each player
_KINDS: Final = ("offline", "enet", "packhorse")

Shares = tuple[float, float]


@pytest.mark.usefixtures("godot")
@pytest.mark.timeout(600)
def test_share_of_a_core_with_a_process_for_each_player() -> None:
    measured: dict[str, list[Shares]] = {kind: [] for kind in _KINDS}
    with RelayProcess("--profile", "unlimited") as relay:
        for _ in range(_ROUNDS):
            for kind in _KINDS:
                measured[kind].append(_play(kind, relay.address))

    print("\neight players in eight processes tell each other their positions 30 times a second at")
    print("60 frames a second; share of a core of the whole process, and what is more than without")
    print("a network: SceneMultiplayer, peer and system calls; medians of interleaved rounds")
    print("peer            host    client   host, network   client, network")
    idle = [median(one[index] for one in measured["offline"]) for index in (0, 1)]
    for kind in _KINDS:
        host, client = (median(one[index] for one in measured[kind]) for index in (0, 1))
        print(
            f"{kind:12} {host:7.2%} {client:8.2%} {host - idle[0]:14.2%} {client - idle[1]:17.2%}"
        )


def _play(kind: str, relay: str) -> Shares:
    """Return what the host takes of a core, and the client in the middle."""
    with ExitStack() as stack:

        def start(*place: str) -> Started:
            args = ["-s", _SCRIPT, "--", relay, kind, *place]
            return stack.enter_context(start_godot(args))

        players = [start()]
        place = "" if kind == "offline" else players[0].wait_for("place", timeout=30.0).split()[1]
        players += [start(place) for _ in range(_PLAYERS - 1)]
        for player in players:
            player.wait_for("complete", timeout=60.0)
        time.sleep(_WARM_UP)
        calls, before, start_at = _received(players[0]), _used(players), time.monotonic()
        time.sleep(_SECONDS)
        after, seconds = _used(players), time.monotonic() - start_at
        if kind != "offline":
            assert _received(players[0]) - calls > 0.8 * _CALLS * (seconds - 1)
    shares = [(end - begin) / seconds for begin, end in zip(before, after, strict=True)]
    return shares[0], median(shares[1:])


def _received(player: Started) -> int:
    lines = [line for line in player.lines if line.startswith("received")]
    return int(lines[-1].split()[1])


def _used(players: list[Started]) -> list[float]:
    """Return the processor time of each process so far, seconds, children included."""
    return [
        sum(_task_time(task) for pid in _family(one.pid) for task in _tasks(pid)) for one in players
    ]


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _task_time(task: Path) -> float:
    return int((task / "schedstat").read_text("ascii").split()[0]) / 1e9


def _family(pid: int) -> list[int]:
    children = (Path(f"/proc/{pid}/task/{pid}/children")).read_text("ascii").split()
    return [pid, *(member for child in children for member in _family(int(child)))]
