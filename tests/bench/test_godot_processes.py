"""What a game of eight costs the processes of its players; exported, as players run it.

`--godot-editor` takes the editor's binary instead. The game's loop is the main thread; the network
thread of Packhorse is one of the others.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import pytest

from tests.bench.godot_scripts import GodotScripts
from tests.support.processes import Started
from tests.support.relay_process import RelayProcess

_SCRIPT: Final = "some_players.gd"
_PLAYERS: Final = 8
_CALLS: Final = 30 * (_PLAYERS - 1)  # a second that come to each player
_KINDS: Final = ("offline", "enet", "packhorse")
_WARM_UP: Final = 3.0  # seconds
_ROUNDS: Final = 3  # of eight processes
_SECONDS: Final = 10.0
_ROUNDS_APART: Final = 5  # of one player apart from the others
_SECONDS_APART: Final = 6.0

_PAUSE: Final = 0.002  # seconds, as the network thread has it
_NAPS: Final = 1000


class Share(NamedTuple):
    """Of a core."""

    main: float  # the main thread
    whole: float  # all threads


Shares = tuple[Share, Share]  # of the host, and of a client


@pytest.fixture
def cores() -> Iterator[tuple[int, int]]:
    """Give the core of the measured player, and that of all others, where this test stays."""
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("needs two cores: one for the measured player alone")
    mine, others = sorted(before)[:2]
    os.sched_setaffinity(0, {others})
    yield mine, others
    os.sched_setaffinity(0, before)


@pytest.mark.timeout(900)
def test_share_of_a_core_of_a_player_apart_from_all_others(
    godot_scripts: GodotScripts, cores: tuple[int, int]
) -> None:
    measured: dict[str, list[Shares]] = {kind: [] for kind in _KINDS}
    with RelayProcess("--profile", "unlimited") as relay:
        for _ in range(_ROUNDS_APART):
            for kind in _KINDS:
                measured[kind].append(_Apart(godot_scripts, relay.address, kind, cores).shares())

    print(
        f"\n{godot_scripts.build}: eight players tell each other their positions 30 times a second"
    )
    print("at 60 frames a second; one has a core of its own, the others and the relay another one")
    _print(measured)


@pytest.mark.timeout(900)
def test_share_of_a_core_with_a_process_for_each_player(godot_scripts: GodotScripts) -> None:
    measured: dict[str, list[Shares]] = {kind: [] for kind in _KINDS}
    with RelayProcess("--profile", "unlimited") as relay:
        for _ in range(_ROUNDS):
            for kind in _KINDS:
                measured[kind].append(_play_in_eight(godot_scripts, relay.address, kind))

    print(f"\n{godot_scripts.build}: eight players in eight processes on this machine's cores")
    print("tell each other their positions 30 times a second at 60 frames a second")
    _print(measured)


class _Apart:
    """Plays with one player on one core, and all others in one process on another."""

    def __init__(
        self, scripts: GodotScripts, relay: str, kind: str, cores: tuple[int, int]
    ) -> None:
        self._scripts = scripts
        self._relay = relay
        self._kind = kind
        self._core, self._core_of_others = cores

    def shares(self) -> Shares:
        """Return what the host takes of its core, and in another game a client."""
        if self._kind == "offline":
            with self._start_player() as player:
                return self._share(player), self._share(player)
        with self._start_player() as host, self._start(_PLAYERS - 1, _place(host)):
            of_host = self._share(host)
        with self._start(_PLAYERS - 1) as others, self._start_player(_place(others)) as client:
            return of_host, self._share(client)

    def _share(self, player: Started) -> Share:
        player.wait_for("received", timeout=60.0)
        (share,) = _shares([player], _SECONDS_APART, is_offline=self._kind == "offline")
        return share

    def _start_player(self, *place: str) -> Started:
        with _on_core(self._core, self._core_of_others):
            return self._start(1, *place)

    def _start(self, count: int, *place: str) -> Started:
        return self._scripts.start(_SCRIPT, [self._relay, self._kind, str(count), *place])


def _play_in_eight(scripts: GodotScripts, relay: str, kind: str) -> Shares:
    """Return what the host takes of a core, and the client in the middle."""
    is_offline = kind == "offline"
    with ExitStack() as stack:

        def start(*place: str) -> Started:
            return stack.enter_context(scripts.start(_SCRIPT, [relay, kind, "1", *place]))

        players = [start()]
        place = [] if is_offline else [_place(players[0])]
        players += [start(*place) for _ in range(_PLAYERS - 1)]
        for player in players:
            player.wait_for("complete", timeout=60.0)
        host, *clients = _shares(players, _SECONDS, is_offline=is_offline)
    return host, Share(*map(median, zip(*clients, strict=True)))


def _shares(players: list[Started], duration: float, *, is_offline: bool) -> list[Share]:
    """Return what each process takes of a core; the first one gets its calls meanwhile."""
    time.sleep(_WARM_UP)
    calls, before, start_at = _received(players[0]), _used(players), time.monotonic()
    time.sleep(duration)
    after, seconds = _used(players), time.monotonic() - start_at
    if not is_offline:
        assert _received(players[0]) - calls > 0.8 * _CALLS * (seconds - 1)
    return [
        Share((end.main - begin.main) / seconds, (end.whole - begin.whole) / seconds)
        for begin, end in zip(before, after, strict=True)
    ]


def _print(measured: dict[str, list[Shares]]) -> None:
    print("share of a core more than without a network: SceneMultiplayer, peer and system calls;")
    print("medians of interleaved rounds")
    print("peer          main thread: host   client   all threads: host   client")
    for kind in _KINDS:
        host, client = (_beyond_offline(measured, kind, place) for place in (0, 1))
        print(
            f"{kind:12} {host.main:18.2%} {client.main:8.2%} {host.whole:19.2%} {client.whole:8.2%}"
        )
    print(f"a thread that only sleeps, {_PAUSE * 1e3:.0f} ms at a time: {_cost_of_sleeping():.2%}")


def _beyond_offline(measured: dict[str, list[Shares]], kind: str, place: int) -> Share:
    def typical(name: str, part: int) -> float:
        return median(shares[place][part] for shares in measured[name])

    main, whole = (typical(kind, part) - typical("offline", part) for part in (0, 1))
    return Share(main, whole)


def _cost_of_sleeping() -> float:
    begin, before = time.monotonic(), time.thread_time()
    for _ in range(_NAPS):
        time.sleep(_PAUSE)
    return (time.thread_time() - before) / (time.monotonic() - begin)


@contextmanager
def _on_core(core: int, back: int) -> Iterator[None]:
    """Let what is started here run on one core."""
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, {back})


def _place(host: Started) -> str:
    return host.wait_for("place", timeout=30.0).split()[1]


def _received(player: Started) -> int:
    lines = [line for line in player.lines if line.startswith("received")]
    return int(lines[-1].split()[1])


def _used(players: list[Started]) -> list[Share]:
    """Return the processor time of each process so far, seconds, children included."""
    return [_time_of(_family(one.pid)) for one in players]


def _time_of(pids: list[int]) -> Share:
    tasks = [task for pid in pids for task in _tasks(pid)]
    main = sum(_task_time(task) for task in tasks if int(task.name) in pids)
    return Share(main, sum(map(_task_time, tasks)))


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _task_time(task: Path) -> float:
    return int((task / "schedstat").read_text("ascii").split()[0]) / 1e9


def _family(pid: int) -> list[int]:
    children = (Path(f"/proc/{pid}/task/{pid}/children")).read_text("ascii").split()
    return [pid, *(member for child in children for member in _family(int(child)))]
