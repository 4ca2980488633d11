"""GDScript tests in the real Godot, and the rules that every addon script keeps."""

import os
import re
import shutil
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.support.godot import PROJECT, run_godot, scripts
from tests.support.layout import REPOSITORY

VECTORS: Final = REPOSITORY / "protocol_spec" / "vectors"
ADDON: Final = PROJECT / "addons" / "packhorse"
LOAD_ALL: Final = "res://tests/support/load_all.gd"
PURE_SCRIPTS: Final = [*scripts(ADDON / "wire"), *scripts(ADDON / "core")]
MAY_LOAD: Final = {"wire": {"wire"}, "core": {"wire", "core"}}  # layers by layer
LOADS: Final = re.compile(r'\b(?:load\w*\(|preload\(|extends)\s*"([^"]*)"')
TEXT: Final = r'"(?:\\.|[^"\\\n])*"'
FORBIDDEN_IN_PURE: Final = re.compile(
    r"\b(Node\w*|SceneTree|Engine|OS|Time|FileAccess|DirAccess|ProjectSettings|Crypto|UPNP|IP"
    r"|PacketPeer\w*|StreamPeerT\w+|TCPServer|UDPServer|WebSocket\w*|HTTP\w+|Thread|RandomNumberGenerator)\b"
    r"|\b(print(err|raw|s|t|_rich|_debug|_stack|_verbose)?|push_error|push_warning)\b"
    r"|\b(rand([if](_range)?|fn|omize|_from_seed)|shuffle|pick_random|await|get_tree)\b"
)


class Outcome(NamedTuple):
    """The counts that run.gd ends with."""

    planned: int
    finished: int
    passed: int
    failed: int


def read_outcome(output: str) -> Outcome:
    """Return the counts; a run that never came to its end has none."""
    ran = re.search(r"^(\d+) planned, (\d+) finished$", output, re.MULTILINE)
    ended = re.search(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    assert ran, output
    assert ended, output
    return Outcome(int(ran[1]), int(ran[2]), int(ended[1]), int(ended[2]))


def resource_id(path: Path) -> str:
    """Return the script as Godot names it, for test ids and commands."""
    return f"res://{path.relative_to(PROJECT).as_posix()}"


@pytest.mark.usefixtures("godot")
def test_gdscript_tests_all_pass() -> None:
    done = run_godot(["-s", "res://tests/run.gd", "--", "--vectors", str(VECTORS)], timeout=240)

    outcome = read_outcome(done.stdout)
    assert outcome.failed == 0, done.stdout
    assert outcome.planned == outcome.finished == outcome.passed > 0, done.stdout
    assert "SCRIPT ERROR" not in done.stdout, done.stdout  # before 4.5 nobody else looks
    assert done.returncode == 0


@pytest.mark.usefixtures("godot")
def test_runner_sees_every_kind_of_failure() -> None:
    done = run_godot(["-s", "res://tests/run.gd", "--", "--from", "res://tests/runner_probes"])

    failed = re.findall(r"^FAILED test_broken\.(\w+): ", done.stdout, re.MULTILINE)
    expected = [
        "assertion_fails",
        "asserts_nothing",
        "error_after_an_assertion",
        "error_after_waiting",
        "hangs",
    ]
    assert failed == [f"test_{name}" for name in expected], done.stdout
    assert read_outcome(done.stdout) == Outcome(planned=6, finished=3, passed=1, failed=5)
    assert done.returncode == 1


@pytest.mark.usefixtures("godot")
def test_runner_fails_when_no_test_matches() -> None:
    done = run_godot(["-s", "res://tests/run.gd", "--", "--only", "no_such_test"])

    assert read_outcome(done.stdout) == Outcome(0, 0, 0, 0)
    assert done.returncode == 1


@pytest.mark.usefixtures("godot")
@pytest.mark.parametrize("script", scripts(ADDON), ids=resource_id)
def test_addon_script_has_no_error_and_no_warning(script: Path) -> None:
    done = run_godot(["--check-only", "-s", resource_id(script)])

    assert done.returncode == 0, done.stdout
    assert "SCRIPT ERROR" not in done.stdout, done.stdout


@pytest.mark.usefixtures("godot")
def test_addon_has_no_warning_of_a_strict_project_that_looks_at_addons() -> None:
    done = run_godot(["-s", LOAD_ALL])

    assert f"loaded {len(scripts(PROJECT / 'addons'))} scripts" in done.stdout
    assert "ERROR" not in done.stdout, done.stdout


@pytest.mark.usefixtures("godot")
def test_warning_of_a_strict_project_is_seen(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "project.godot", tmp_path)
    shutil.copy(PROJECT / LOAD_ALL.removeprefix("res://"), tmp_path)
    probe = tmp_path / "addons" / "probe" / "unused.gd"
    probe.parent.mkdir(parents=True)
    probe.write_text("extends RefCounted\nsignal unused\n", "utf-8")

    done = run_godot(["-s", "res://load_all.gd"], project=tmp_path)

    assert "never explicitly used" in done.stdout


@pytest.mark.usefixtures("godot")
def test_untyped_declaration_in_an_addon_is_an_error(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "project.godot", tmp_path)
    probe = tmp_path / "addons" / "probe" / "untyped.gd"
    probe.parent.mkdir(parents=True)
    probe.write_text("extends RefCounted\nvar untyped = 1\n", "utf-8")

    done = run_godot(["--check-only", "-s", "res://addons/probe/untyped.gd"], project=tmp_path)

    assert done.returncode == 1, done.stdout
    assert "no static type" in done.stdout


@pytest.mark.parametrize("script", PURE_SCRIPTS, ids=resource_id)
def test_pure_addon_script_touches_nothing_outside(script: Path) -> None:
    assert forbidden_names(script.read_text("utf-8")) == []


def test_forbidden_names_are_found_in_code_and_not_in_comments() -> None:
    source = (
        "var at := Time.get_ticks_msec()\n"
        "## Time is given.\n"
        'var text := "print # it"  # randi\n'
        "print(at)\n"
    )

    assert forbidden_names(source) == ["Time", "print"]


@pytest.mark.parametrize("script", PURE_SCRIPTS, ids=resource_id)
def test_pure_addon_script_loads_from_no_layer_above(script: Path) -> None:
    assert foreign_loads(script, script.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("wire", ["../core/event.gd", "../net/turn.gd", "res://addons/packhorse/nodes/graph.gd"]),
        ("core", ["../net/turn.gd", "res://addons/packhorse/nodes/graph.gd"]),
    ],
)
def test_loads_from_layers_above_are_found_in_code_alone(layer: str, expected: list[str]) -> None:
    source = (
        'extends "../wire/field.gd"\n'
        'const Event := preload("../core/event.gd")\n'
        'const Header := preload("res://addons/packhorse/wire/header.gd")\n'
        '# const Lobby := preload("../lobby/room_entry.gd")\n'
        'var turn := load("../net/turn.gd")  # a comment\n'
        'const Graph := preload("res://addons/packhorse/nodes/graph.gd")\n'
    )

    assert foreign_loads(ADDON / layer / "probe.gd", source) == expected


@pytest.mark.parametrize("script", scripts(PROJECT), ids=resource_id)
def test_script_has_its_uid_beside_it(script: Path) -> None:
    assert script.with_name(f"{script.name}.uid").is_file()


def test_addon_version_is_the_package_version() -> None:
    plugin = ConfigParser()
    plugin.read(ADDON / "plugin.cfg", "utf-8")

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))

    assert plugin["plugin"]["version"].strip('"') == project["project"]["version"]


def test_addon_licence_is_the_repository_licence() -> None:
    assert (ADDON / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def forbidden_names(source: str) -> list[str]:
    """Return what pure code must not name, comments and strings left out."""
    code = re.sub(f"{TEXT}|#.*", "", source)
    return [match[0] for match in FORBIDDEN_IN_PURE.finditer(code)]


def foreign_loads(script: Path, source: str) -> list[str]:
    """Return what pure code loads that is not of a layer it may use, comments left out."""
    code = re.sub(f"({TEXT})|#.*", r"\1", source)
    allowed = MAY_LOAD[script.relative_to(ADDON).parts[0]]
    return [match[1] for match in LOADS.finditer(code) if layer_of(script, match[1]) not in allowed]


def layer_of(script: Path, loaded: str) -> str:
    """Return the addon's folder with the file that `script` loads; "" if it has no such file."""
    path = loaded.replace("res://", f"{PROJECT.as_posix()}/")
    target = Path(os.path.normpath(script.parent / path))
    inside = target.is_file() and target.is_relative_to(ADDON)
    return target.relative_to(ADDON).parts[0] if inside else ""
