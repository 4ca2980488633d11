"""The addon in a real editor: everything that enters is undone, nothing logs an error."""

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.support import processes
from tests.support.editor_picture import EDITOR, PATIENCE, draw_editor
from tests.support.editor_project import make_editor_project, told
from tests.support.godot import import_project, run_godot
from tests.support.godot_drawing import VirtualScreen, picture_size
from tests.support.godot_member import GodotMember
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("godot")

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
    done = run_godot([*EDITOR, *arguments], timeout=PATIENCE, project=project)
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


def test_dock_tests_the_connection_to_a_relay(project: Path) -> None:
    """Static variables have values in an editor only where their script is a tool."""
    with RelayProcess() as relay:
        env = {"PACKHORSE_RELAY": relay.address}
        done = run_godot(EDITOR, timeout=PATIENCE, project=project, env=env)

    assert [tested["failed"] for tested in told(done.stdout)] == [[]], done.stdout
    assert _ERROR.findall(done.stdout) == [], done.stdout


def test_editor_shows_dock_and_debugger_tab(
    project: Path, screen: VirtualScreen, tmp_path: Path
) -> None:
    picture = tmp_path / "editor.png"
    command = screen.command(EDITOR, project=project)

    done = processes.run(command, timeout=PATIENCE, env={"PACKHORSE_PICTURE": str(picture)})

    assert done.returncode == 0, done.stdout
    assert picture_size(picture) == (1280, 720)
    assert "SCRIPT ERROR" not in done.stdout, done.stdout


def test_editor_shows_the_relay_tested_and_the_peer_of_a_running_game(
    project: Path, screen: VirtualScreen, tmp_path: Path
) -> None:
    picture = tmp_path / "tab.png"

    code, output = draw_editor(screen, project, picture)

    tested, watched = told(output)
    assert tested["failed"] == [], output
    assert f"Room {code}, peer 2 (client)" in watched["texts"], output
    assert {"Relay", "Peer 1", "UDP"} <= set(watched["texts"])
    assert picture_size(picture) == (1280, 720)


def test_debugger_tab_shows_the_peer_of_a_game_that_play_started(
    project: Path, screen: VirtualScreen, tmp_path: Path
) -> None:
    with RelayProcess() as relay, GodotMember() as host:
        code = host.create(relay.address)
        env = {"PACKHORSE_PICTURE": str(tmp_path / "played.png"), "PACKHORSE_GAME": relay.address}
        command = screen.command(EDITOR, project=project)
        done = processes.run(command, timeout=PATIENCE, env={**env, "PACKHORSE_CODE": code})

    texts = told(done.stdout)[-1]["texts"]
    assert f"Room {code}, peer 2 (client)" in texts, done.stdout
    assert {"Relay", "Peer 1", "UDP"} <= set(texts)
