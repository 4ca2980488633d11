"""Every requirement of the protocol is in the specification's prose and is tested.

Tested is what a test, a vector or a scenario names.
"""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.support import layout

SPEC_FOLDER: Final = layout.REPOSITORY / "protocol_spec"
TEST_SUFFIXES: Final = {".py", ".gd"}
IDS: Final[list[str]] = list(
    yaml.safe_load((SPEC_FOLDER / "protocol.yaml").read_text("utf-8"))["requirements"]
)


def files_with_tests() -> list[Path]:
    """Return all tests, in Python and GDScript, all vectors and scenarios."""
    folders = (layout.TESTS, layout.REPOSITORY / "godot_addon" / "tests")
    tests = [path for folder in folders for path in folder.rglob("test_*")]
    data = [*SPEC_FOLDER.glob("vectors/*.json"), *SPEC_FOLDER.glob("scenarios/*.yaml")]
    return [path for path in tests if path.suffix in TEST_SUFFIXES] + data


def named_in(text: str) -> set[str]:
    """Return the ids that a text names; in the name of a test, ROOM-1 is room_1."""
    spelled = re.sub(r"_(\d+)(?=_|\b)", r"-\1", text).upper()
    return set(re.findall(r"(?<![A-Z])[A-Z]+-\d+", spelled)) & set(IDS)


def prose() -> str:
    """Return the specification without its generated tables."""
    text = (SPEC_FOLDER / "SPEC.md").read_text("utf-8")
    return re.sub(r"<!-- generated: .*?<!-- end -->", "", text, flags=re.DOTALL)


TESTED: Final = {
    name
    for path in files_with_tests()
    if path != Path(__file__)
    for name in named_in(path.read_text("utf-8"))
}


@pytest.mark.parametrize("name", IDS)
def test_requirement_is_named_by_a_test_or_vector(name: str) -> None:
    assert name in TESTED


@pytest.mark.parametrize("name", IDS)
def test_requirement_stands_in_the_prose_of_the_specification(name: str) -> None:
    assert re.search(rf"[\[ ]{name}[\],]", prose())


def test_prose_names_no_requirement_that_does_not_exist() -> None:
    named = re.findall(r"\[([A-Z]+-\d+(?:, [A-Z]+-\d+)*)\]", prose())

    assert {name for names in named for name in names.split(", ")} == set(IDS)


def test_ids_are_found_in_texts_and_in_names_of_tests() -> None:
    assert named_in("def test_room_2_holds() -> None: # SEAL-1, HDR-44") == {"ROOM-2", "SEAL-1"}
    assert named_in("BEDROOM-2") == set()
