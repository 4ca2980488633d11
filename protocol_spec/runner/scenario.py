"""Scenarios as they stand in the files: steps with what is done and what must follow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).resolve().parent.parent / "scenarios"
ACTIONS: Final = frozenset(
    {
        "push",
        "push_to_all",
        "receive",
        "receive_to_all",
        "consume",
        "ping",
        "repeat",
        "receive_run",
        "link",
    }
)
EXPECTATIONS: Final = frozenset({"sent", "sent_to_all", "delivered", "drop", "next_ms", "totals"})
SETTINGS: Final = {
    "max_payload": "1194",
    "memory": "67108864",
    "own_restarts": "0",
    "restarts": "0",
}


class ScenarioFormatError(Exception):
    """A file of the scenarios is not as the README there says."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at one time, and what must be seen until then and then."""

    at_ms: int
    action: str | None
    argument: Any
    expected: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story between the implementation and the runner as its peer."""

    name: str
    """File and scenario: unique."""
    title: str
    section: str
    requirements: tuple[str, ...]
    settings: dict[str, str]
    steps: tuple[Step, ...]


def all_scenarios(folder: Path = FOLDER) -> list[Scenario]:
    """Return the scenarios of every file, in order.

    Raises:
        ScenarioFormatError: A file is not as the README says.
    """
    return [scenario for path in sorted(folder.glob("*.yaml")) for scenario in load(path)]


def load(path: Path) -> list[Scenario]:
    """Return the scenarios of a file; every scalar stays text.

    Raises:
        ScenarioFormatError: The file is not as the README says.
    """
    content = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - only text
    if not isinstance(content, dict):
        raise ScenarioFormatError(f"{path.name} holds no scenarios")
    return [_scenario(path.stem, name, entry) for name, entry in content.items()]


def _scenario(topic: str, name: str, entry: dict[str, Any]) -> Scenario:
    full_name = f"{topic}-{name}"
    known = {"title", "section", "requirements", "settings", "steps"}
    settings = SETTINGS | entry.get("settings", {})
    if not known >= set(entry) or set(settings) != set(SETTINGS):
        raise ScenarioFormatError(f"{full_name}: unknown member or setting")
    steps = tuple(_step(full_name, step) for step in entry["steps"])
    times = [step.at_ms for step in steps]
    if times != sorted(times):
        raise ScenarioFormatError(f"{full_name}: time goes back")
    requirements = tuple(entry.get("requirements", []))
    return Scenario(full_name, entry["title"], entry["section"], requirements, settings, steps)


def _step(name: str, entry: dict[str, Any]) -> Step:
    rest = set(entry) - {"at_ms"}
    actions = rest & ACTIONS
    if "at_ms" not in entry or len(actions) > 1 or not rest - actions <= EXPECTATIONS:
        raise ScenarioFormatError(f"{name}: step with {sorted(entry)}")
    action = next(iter(actions), None)
    expected = {key: entry[key] for key in rest - actions}
    return Step(int(entry["at_ms"]), action, entry.get(action) if action else None, expected)
