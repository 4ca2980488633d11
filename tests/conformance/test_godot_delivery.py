"""The addon's delivery layer: every scenario, and step for step what the Python SDK does."""

import heapq
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any, Final

import pytest

from protocol_spec.runner.judge import run
from protocol_spec.runner.python_adapter import PythonAdapter
from protocol_spec.runner.scenario import SETTINGS, Scenario, all_scenarios
from protocol_spec.runner.subprocess_adapter import SubprocessAdapter
from tests.support.godot import godot_command

pytestmark = pytest.mark.usefixtures("godot")

_SCRIPT: Final = "res://tests/e2e/delivery_adapter.gd"
_PATIENCE: Final = 900.0  # seconds; for all scenarios on a busy machine
_MODES: Final = ("UNRELIABLE", "UNRELIABLE_ORDERED", "RELIABLE", "RELIABLE_UNORDERED")
_CHANNELS: Final = ("0", "1", "255")
_SIZES: Final = (0, 1, 40, 300, 1099, 1100, 1101, 2200, 5000, 40_000)  # bytes
_SMALL_SIZES: Final = (1, 10, 20, 40, 200, 600)  # bytes
_SECOND: Final = 1_000_000  # microseconds
_TALKING: Final = 4 * _SECOND
_END: Final = 30 * _SECOND

Message = dict[str, Any]


@pytest.fixture(scope="module")
def godot_adapter() -> Iterator[SubprocessAdapter]:
    """Give one Godot process for all tests; `start` makes its state new."""
    command = [*godot_command(["--no-header"]), "-s", _SCRIPT]
    with SubprocessAdapter(command, patience=_PATIENCE) as adapter:
        yield adapter


class Twins:
    """Asks both implementations the same and holds them to the same answer."""

    def __init__(self, other: SubprocessAdapter) -> None:
        self._python = PythonAdapter()
        self._other = other

    def ask(self, command: Message) -> Message:
        """Return the answer of both."""
        answer = self._python.ask(command)
        other = self._other.ask(command)
        assert other == answer, command
        return answer


class Story:
    """Two ends talk at random over a path that loses, doubles and reorders."""

    def __init__(self, twins: Twins, seed: int, loss: float) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable by design
        self._ends = (twins, PythonAdapter())
        self._loss = loss
        self._order = count()
        self._todo: list[tuple[int, int, int, Message]] = []
        self.delivered = 0

    def run(self) -> None:
        """Live through it to its end."""
        for end in (0, 1):
            self._plan(0, end, {"do": "start", **SETTINGS})
            for _ in range(120):
                self._plan(self._random.randrange(1, _TALKING), end, self._utterance())
        while self._todo:
            now, _, end, command = heapq.heappop(self._todo)
            if now < _END:
                self._do(now, end, command)

    def _utterance(self) -> Message:
        if self._random.random() < 0.05:
            return {"do": "ping"}
        do = "push_to_all" if self._random.random() < 0.2 else "push"
        modes = _MODES[:2] if do == "push_to_all" else _MODES
        messages = [
            {
                "mode": self._random.choice(modes),
                "channel": self._random.choice(_CHANNELS),
                "data": self._random.randbytes(self._random.choice(_SIZES)).hex(),
            }
            for _ in range(self._random.choice([1, 1, 2, 5]))
        ]
        return {"do": do, "messages": messages}

    def _do(self, now: int, end: int, command: Message) -> None:
        reply = self._ends[end].ask({**command, "now_us": str(now)})
        for payload in reply["sent"]:
            self._carry(now, end, {"do": "receive", "payload": payload})
        for payload in reply["sent_to_all"]:
            self._carry(now, end, {"do": "receive_to_all", "payload": payload})
        self.delivered += len(reply["delivered"])
        taken = sum(len(message["data"]) // 2 for message in reply["delivered"])
        if taken:
            self._plan(now, end, {"do": "consume", "bytes": str(taken)})
        if reply["next_us"]:
            self._plan(max(int(reply["next_us"]), now + 1), end, {"do": "wake"})

    def _carry(self, now: int, end: int, command: Message) -> None:
        for _ in range(2 if self._random.random() < 0.05 else 1):
            if self._random.random() >= self._loss:
                late = self._random.random() < 0.2
                delay = self._random.randrange(30_000) if late else 0
                self._plan(now + 20_000 + delay, 1 - end, self._damage(command))

    def _damage(self, command: Message) -> Message:
        if self._random.random() < 0.98:
            return command
        data = bytearray.fromhex(command["payload"])
        data[self._random.randrange(min(len(data), 16))] ^= 1 << self._random.randrange(8)
        return {**command, "payload": data.hex()}

    def _plan(self, at: int, end: int, command: Message) -> None:
        if command["do"] == "wake" and any(
            due <= at and which == end and other["do"] == "wake"
            for due, _, which, other in self._todo
        ):
            return
        heapq.heappush(self._todo, (at, next(self._order), end, command))


class OneLane(Story):
    """Both say much that is small in one reliable lane: messages that share datagrams."""

    def _utterance(self) -> Message:
        messages = [
            {
                "mode": "RELIABLE",
                "channel": "0",
                "data": self._random.randbytes(self._random.choice(_SMALL_SIZES)).hex(),
            }
            for _ in range(self._random.randrange(1, 40))
        ]
        return {"do": "push", "messages": messages}


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.name)
def test_scenario_is_kept_by_godot(scenario: Scenario, godot_adapter: SubprocessAdapter) -> None:
    run(scenario, godot_adapter)


@pytest.mark.parametrize("loss", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("kind", "least"), [(Story, 100), (OneLane, 300)])
def test_both_do_the_same_at_every_step(
    godot_adapter: SubprocessAdapter, kind: type[Story], least: int, seed: int, loss: float
) -> None:
    story = kind(Twins(godot_adapter), seed, loss)

    story.run()

    assert story.delivered > least
