"""Where the release template of exported games is looked for."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.support import export_template, provision_godot

VERSION: Final = "4.4.1.stable.official.49a5bc7b6"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user's data folder; no Godot is named, none on PATH, none unpacked."""
    for name in ("GODOT", "GODOT_TEMPLATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(provision_godot, "ROOT", tmp_path / "root")
    return tmp_path / "data"


@pytest.fixture
def own_godot(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001
    """Give a Godot that the user names."""
    program = tmp_path / "bin" / "godot"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho warning\necho {VERSION}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("GODOT", str(program))
    return program


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.touch()
    return path


@pytest.mark.usefixtures("home")
def test_template_of_the_unpacked_root_is_found() -> None:
    template = made(provision_godot.ROOT / "usr" / "bin" / "godot-template-release")

    assert export_template.find() == template


@pytest.mark.usefixtures("own_godot")
def test_template_is_where_another_godot_keeps_those_of_its_version(home: Path) -> None:
    kept = home / "godot" / "export_templates" / "4.4.1.stable"
    template = made(kept / f"linux_release.{export_template.machine()}")

    assert export_template.find() == template


@pytest.mark.usefixtures("own_godot")
def test_named_template_comes_first(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = home / "godot" / "export_templates" / "4.4.1.stable"
    made(kept / f"linux_release.{export_template.machine()}")
    monkeypatch.setenv("GODOT_TEMPLATE", str(made(tmp_path / "named" / "template")))

    assert export_template.find() == tmp_path / "named" / "template"


@pytest.mark.usefixtures("own_godot")
def test_missing_template_is_told_in_one_line_with_advice() -> None:
    with pytest.raises(provision_godot.ProvisionError) as caught:
        export_template.find()

    assert "4.4.1.stable" in str(caught.value)
    assert re.search("set GODOT_TEMPLATE to a release template$", str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("home")
def test_named_template_that_is_no_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GODOT_TEMPLATE", "/nowhere/template")

    with pytest.raises(provision_godot.ProvisionError, match="'/nowhere/template', which is no"):
        export_template.find()
