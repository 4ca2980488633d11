"""The addon and the demo name nothing that Godot 4.4, the oldest they promise, does not have."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.godot import PROJECT, scripts
from tests.support.layout import REPOSITORY

NEWER: Final = frozenset(
    line
    for line in (REPOSITORY / "tests/support/godot_after_4_4.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
)
OWN: Final = frozenset({"resume"})  # our own methods; Godot 4.6 has others of that name
SCRIPTS: Final = [*scripts(PROJECT / "addons"), *scripts(PROJECT / "demo")]
_STRING_OR_COMMENT: Final = re.compile(r'[&^]?"(?:\\.|[^"\\\n])*"|#.*')
_NEWER_SYNTAX: Final = re.compile(r"@abstract\b|\.\.\.")


def newer_names(source: str) -> list[str]:
    """Return what is newer than Godot 4.4; names in strings are asked for before they are used."""
    code = _STRING_OR_COMMENT.sub("", source)
    return sorted((NEWER & {*re.findall(r"\w+", code)}) - OWN) + _NEWER_SYNTAX.findall(code)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_script_names_nothing_newer_than_godot_4_4(script: Path) -> None:
    assert newer_names(script.read_text("utf-8")) == []


def test_newer_names_are_found_in_code_and_not_in_strings() -> None:
    source = (
        "var dock := EditorDock.new()  # EditorDock\n"
        'if ClassDB.class_exists(&"Logger"):\n'
        "label.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS_FORCE\n"
        "func sum(...numbers: Array) -> int:\n"
    )

    assert newer_names(source) == ["EditorDock", "OVERRUN_TRIM_ELLIPSIS_FORCE", "..."]
