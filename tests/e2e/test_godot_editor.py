"""The addon in a real editor: everything that enters is undone, nothing logs an error."""

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.support import processes
from tests.support.editor_project import make_editor_project, told
from tests.support.godot import import_project, run_godot
from tests.support.godot_drawing import VirtualScreen, picture_size

pytestmark = pytest.mark.usefixtures("godot")

_EDITOR: Final = ["--editor", "--no-header"]
_PATIENCE: Final = 120.0  # seconds; an editor on a busy machine
_ERROR: Final = re.compile(r"^.*(?:ERROR|WARNING).*$|leaked", re.MULTILINE)
_ADDRESS: Final = "packhorse/relay/address"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project that Godot has read once; tests work on copies."""
    project = make_editor_project(tmp_path_factory.mktemp("editor"))
    import_project(project)
    return project


@pytest.fixture
def project(imported: Path, tmp_path: Path) -> Path:
    """Give a project with the addon and the probe."""
    return shutil.copytree(imported, tmp_path / "project")


def run_editor(project: Path, *arguments: str) -> str:
    """Return what a headless editor prints until it ends."""
    done = run_godot([*_EDITOR, *arguments], timeout=_PATIENCE, project=project)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_editor_opens_and_ends_without_an_error(project: Path) -> None:
    (project / "addons" / "probe" / "plugin.gd").write_text("@tool\nextends EditorPlugin\n")

    output = run_editor(project, "--quit")

    assert _ERROR.findall(output) == [], output


def test_switching_the_addon_off_undoes_all_that_it_added(project: Path) -> None:
    output = run_editor(project)

    states = told(output)
    assert [state["when"] for state in states] == ["at start", *("disabled", "enabled") * 2], output
    first = states[0]
    assert _ADDRESS in first["settings"]
    assert {"relay_dock.gd", "peers_tab.gd"} <= set(first["nodes"])
    for state in states[1:]:
        empty = state["when"] == "disabled"
        assert state["settings"] == ([] if empty else first["settings"])
        assert state["nodes"] == ([] if empty else first["nodes"])
    assert _ERROR.findall(output) == [], output


def test_setting_that_the_user_changed_outlives_the_addon(project: Path) -> None:
    with (project / "project.godot").open("a", encoding="utf-8") as file:
        file.write('\n[packhorse]\n\nrelay/address="relay.example.org"\n')

    states = told(run_editor(project))

    kept = [state["settings"] for state in states if state["when"] == "disabled"]
    assert kept == [[_ADDRESS], [_ADDRESS]]


def test_editor_shows_dock_and_debugger_tab(
    project: Path, screen: VirtualScreen, tmp_path: Path
) -> None:
    picture = tmp_path / "editor.png"
    command = screen.command([*_EDITOR], project=project)

    done = processes.run(command, timeout=_PATIENCE, env={"PACKHORSE_PICTURE": str(picture)})

    assert done.returncode == 0, done.stdout
    assert picture_size(picture) == (1280, 720)
    assert "SCRIPT ERROR" not in done.stdout, done.stdout
