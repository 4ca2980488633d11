"""The addon's help in the editor: every public member is explained, every class has an icon."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from tests.support.godot import PROJECT, run_godot, scripts

pytestmark = pytest.mark.usefixtures("godot")

ADDON: Final = PROJECT / "addons" / "packhorse"
_CLASS: Final = re.compile(r"^class_name (\w+)$", re.MULTILINE)
_ICON: Final = re.compile(r'^@icon\("([^"]+)"\)$', re.MULTILINE)
_SETTING: Final = re.compile(
    r'^const (\w+) := "(packhorse/.+)"$|^\t\t"path": (\w+),$|^\t\t"doc":\s*"(.+)",$', re.MULTILINE
)


def public_classes() -> dict[str, Path]:
    """Return the scripts that give the project a global class, by its name."""
    found = {}
    for script in scripts(ADDON):
        if match := _CLASS.search(script.read_text("utf-8")):
            found[match[1]] = script
    return found


@pytest.fixture(scope="module")
def help_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let Godot write the help that its editor shows."""
    folder = tmp_path_factory.mktemp("help")
    arguments = ["--doctool", str(folder), "--gdscript-docs", "res://addons/packhorse"]
    done = run_godot(arguments)
    assert done.returncode == 0, done.stdout
    return folder


def undocumented(page: ElementTree.Element) -> Iterator[str]:
    """Give the public members without a word about them."""
    if not (page.findtext("brief_description") or "").strip():
        yield "the class"
    for path in ("methods/method", "signals/signal", "members/member", "constants/constant"):
        for member in page.iterfind(path):
            name = member.get("name", "")
            text = member.findtext("description") or member.text or ""
            if not name.startswith("_") and not text.strip():
                yield name


@pytest.mark.parametrize("name", sorted(public_classes()))
def test_every_public_member_has_a_doc_comment(name: str, help_folder: Path) -> None:
    page = ElementTree.parse(help_folder / f"{name}.xml").getroot()  # noqa: S314 - Godot wrote it

    assert list(undocumented(page)) == []


@pytest.mark.parametrize("name", sorted(public_classes()))
def test_every_public_class_has_an_icon_of_16_pixels(name: str) -> None:
    script = public_classes()[name]
    match = _ICON.search(script.read_text("utf-8"))

    assert match, f"{script.name} needs @icon"
    drawing = ElementTree.parse(script.parent / match[1]).getroot()  # noqa: S314 - our own file
    assert (drawing.get("width"), drawing.get("height")) == ("16", "16")


def test_global_names_all_begin_with_that_of_the_project() -> None:
    assert [name for name in public_classes() if not name.startswith("Packhorse")] == []


def test_readme_explains_every_setting() -> None:
    readme = (ADDON / "README.md").read_text("utf-8")
    rows = settings()

    assert rows
    for path, doc in rows:
        assert f"| `{path}` | {doc} |" in readme


def settings() -> list[tuple[str, str]]:
    """Return path and doc of each setting in the table."""
    paths: dict[str, str] = {}
    rows: list[tuple[str, str]] = []
    path = ""
    source = (ADDON / "nodes" / "settings.gd").read_text("utf-8")
    for name, value, used, doc in _SETTING.findall(source):
        if name:
            paths[name] = value
        elif used:
            path = paths[used]
        else:
            rows.append((path, doc))
    return rows
