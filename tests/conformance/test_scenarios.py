"""The scenarios of protocol_spec against the SDK, and what every scenario must keep to."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest

from packhorse.wire.constants import DropReason
from protocol_spec.generators.model import load_protocol
from protocol_spec.runner import __main__ as runner
from protocol_spec.runner import python_adapter
from protocol_spec.runner.judge import ScenarioFailedError, run
from protocol_spec.runner.python_adapter import PythonAdapter
from protocol_spec.runner.scenario import FOLDER, Scenario, all_scenarios
from tests.conformance import known_differences
from tests.support.vectors import load

ALL: Final = all_scenarios()
REQUIREMENTS: Final = set(load_protocol()["requirements"])
ADAPTER: Final = [sys.executable, str(Path(python_adapter.__file__))]
SPECIFICATION: Final = (FOLDER.parent / "SPEC.md").read_text("utf-8")
FRAME_REASONS: Final = [
    DropReason.BAD_FRAME,
    DropReason.DUPLICATE_NUMBER,
    DropReason.LATE_MESSAGE,
    DropReason.BAD_FRAGMENT,
    DropReason.REASSEMBLY_FULL,
]


def as_parameter(scenario: Scenario) -> object:
    """Return a parameter that is expected to fail where the SDK is known to differ."""
    different = known_differences.HANGS | known_differences.SCENARIOS
    if scenario.name not in different:
        return pytest.param(scenario, id=scenario.name)
    mark = pytest.mark.xfail(
        run=scenario.name not in known_differences.HANGS,
        raises=ScenarioFailedError,
        reason=f"issue 3: {different[scenario.name]}",
    )
    return pytest.param(scenario, id=scenario.name, marks=mark)


def drops_of(scenario: Scenario) -> set[str]:
    """Return the drop reasons that a scenario expects."""
    drops = [step.expected.get("drop", []) for step in scenario.steps]
    return {name for drop in drops for name in ([drop] if isinstance(drop, str) else drop)}


@pytest.mark.parametrize("scenario", [as_parameter(each) for each in ALL])
def test_scenario_is_kept_in_this_process(scenario: Scenario) -> None:
    run(scenario, PythonAdapter())


@pytest.mark.parametrize("only", ["sending-pieces", "serial_numbers-far", "fanout-received"])
def test_scenarios_are_kept_by_another_process(
    only: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = runner.main(["--only", only, *ADAPTER])

    assert exit_code == 0
    assert f"ok      {only}" in capsys.readouterr().out


def test_known_differences_are_of_scenarios_that_exist() -> None:
    names = {scenario.name for scenario in ALL}

    assert names >= set(known_differences.SCENARIOS) | set(known_differences.HANGS)


def test_scenario_names_are_unique_and_many() -> None:
    names = {scenario.name for scenario in ALL}

    assert len(names) == len(ALL) > 80


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_scenario_names_a_section_and_requirements_that_exist(scenario: Scenario) -> None:
    assert f"\n### {scenario.section} " in SPECIFICATION
    assert set(scenario.requirements) <= REQUIREMENTS


def test_every_requirement_of_the_delivery_layer_has_a_scenario() -> None:
    tested = {requirement for scenario in ALL for requirement in scenario.requirements}
    wanted = {key for key in REQUIREMENTS if key.startswith("DEL-")}

    assert wanted - tested == set()


@pytest.mark.parametrize("reason", FRAME_REASONS)
def test_drop_reason_of_frames_has_a_scenario(reason: DropReason) -> None:
    assert any(reason.value in drops_of(scenario) for scenario in ALL)


def test_examples_of_the_specification_are_vectors() -> None:
    section = SPECIFICATION.split("### 16.5 Examples")[1].split("### 16.6")[0]
    found = re.findall(r"^\| `([0-9a-f ]+)`", section, re.MULTILINE)
    examples = [bytes.fromhex(text) for text in found]

    assert len(examples) > 5
    assert {vector.data for vector in load("frames")} >= set(examples)
