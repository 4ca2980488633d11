"""The addon as the Asset Library gives it: imported into an empty project, and played."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.support import make_addon
from tests.support.godot import import_project, start_godot
from tests.support.godot_drawing import picture_size
from tests.support.layout import REPOSITORY
from tests.support.processes import Started
from tests.support.relay_process import RelayProcess

STORE_PAGE: Final = REPOSITORY / "docs" / "asset-library.md"
PROJECT_FILE: Final = """config_version=5

[application]

config/name="Empty"
run/main_scene="res://main.tscn"
config/features=PackedStringArray("4.4")

[editor_plugins]

enabled=PackedStringArray("res://addons/packhorse/plugin.cfg")
"""
SCENE: Final = """[gd_scene load_steps=2 format=3]

[ext_resource type="Script" path="res://main.gd" id="1"]

[node name="Main" type="Node"]
script = ExtResource("1")
"""


@pytest.fixture(scope="module")
def addon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the zip file."""
    return make_addon.pack(tmp_path_factory.mktemp("addon"))


@pytest.fixture
def project(addon: Path, tmp_path: Path) -> Path:
    """Give a project that holds the addon from the zip file, and the README's script."""
    with zipfile.ZipFile(addon) as archive:
        archive.extractall(tmp_path)
        readme = archive.read("addons/packhorse/README.md").decode()
    script = re.search(r"```gdscript\n(extends Node\n.*?)```", readme, re.DOTALL)
    assert script is not None, "the README has no script to start with"
    (tmp_path / "project.godot").write_text(PROJECT_FILE, "utf-8")
    (tmp_path / "main.tscn").write_text(SCENE, "utf-8")
    (tmp_path / "main.gd").write_text(script[1], "utf-8")
    return tmp_path


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    """Give a relay of the test's own."""
    with RelayProcess() as process:
        yield process


def test_zip_holds_the_addon_and_nothing_else(addon: Path) -> None:
    with zipfile.ZipFile(addon) as archive:
        names = archive.namelist()

    assert {name.split("/")[0:2] == ["addons", "packhorse"] for name in names} == {True}
    assert {"plugin.cfg", "plugin.gd", "LICENSE", "README.md"} <= {
        Path(name).name for name in names
    }
    assert [name for name in names if re.search(r"test|demo|\.godot/", name)] == []


def test_zip_leaves_out_nothing_of_the_addon() -> None:
    every_file = {path for path in make_addon.ADDON.rglob("*") if path.is_file()}

    assert every_file - {*make_addon.files()} == set()


def test_zip_is_the_same_each_time(addon: Path, tmp_path: Path) -> None:
    for path in make_addon.files():
        path.touch()

    assert make_addon.pack(tmp_path).read_bytes() == addon.read_bytes()


def test_zip_is_named_after_the_version(addon: Path) -> None:
    plugin = (make_addon.ADDON / "plugin.cfg").read_text("utf-8")

    assert addon.name == f"packhorse-godot-{make_addon.version()}.zip"
    assert f'version="{make_addon.version()}"' in plugin


def test_icon_and_pictures_of_the_store_page_are_there() -> None:
    names = re.findall(r"\]\((images/\w+\.png)\)", STORE_PAGE.read_text("utf-8"))

    icon, *pictures = [picture_size(STORE_PAGE.parent / name) for name in names]

    assert icon == (256, 256)
    assert pictures == [(1280, 720)] * 3


@pytest.mark.usefixtures("godot")
@pytest.mark.timeout(400)
def test_readme_script_plays_in_an_empty_project(project: Path, relay: RelayProcess) -> None:
    script = project / "main.gd"
    script.write_text(script.read_text("utf-8").replace("127.0.0.1", relay.address, 1), "utf-8")
    import_project(project)

    with ExitStack() as stack:
        host = stack.enter_context(start_godot([], project=project))
        code = told(host, "tell your friends: ").split(": ")[1]
        guest = stack.enter_context(start_godot(["--", code], project=project))

        assert told(host, "says: ") == "2 says: hello from 2"
        assert told(guest, "says: ") == "1 says: hello from 1"
        assert not re.search(r"ERROR|WARNING", host.output + guest.output)


@pytest.mark.usefixtures("godot")
@pytest.mark.timeout(400)
def test_public_classes_are_known_in_an_empty_project(project: Path) -> None:
    import_project(project)

    known = (project / ".godot" / "global_script_class_cache.cfg").read_text("utf-8")
    for name in ("PackhorseMultiplayerPeer", "PackhorseLobby", "PackhorseRoomList"):
        assert f'&"{name}"' in known


def told(process: Started, text: str) -> str:
    return process.wait_for(text, timeout=60.0)
