"""When Debian's Godot is unpacked; nothing is downloaded here."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import apt_source, provision_godot


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of the unpacked root, with archives that only need unpacking."""
    monkeypatch.delenv("GODOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(provision_godot, "CACHE", tmp_path)
    monkeypatch.setattr(provision_godot, "ROOT", tmp_path / "root")
    monkeypatch.setattr(provision_godot, "WRAPPER", tmp_path / "run")
    source = apt_source.SourceText("", ".list")
    monkeypatch.setattr(provision_godot, "_debian_source", lambda: source)
    monkeypatch.setattr(provision_godot, "_download", lambda _source: [Path("all.deb")])
    monkeypatch.setattr(provision_godot, "_unpack", lambda _archive, root: make_root(root))
    monkeypatch.setattr(provision_godot, "_is_new_enough", lambda *_command: True)
    return tmp_path / "root"


def make_root(root: Path, programs: Sequence[str] = provision_godot.PROGRAMS) -> None:
    for name in (*programs, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_root_with_all_programs_is_kept(root: Path) -> None:
    make_root(root)
    (root / "mark").touch()

    assert provision_godot.provision() == [str(provision_godot.WRAPPER)]
    assert (root / "mark").exists()


def test_root_of_an_older_list_of_packages_is_made_anew(root: Path) -> None:
    make_root(root, ["usr/bin/godot"])
    (root / "mark").touch()

    provision_godot.provision()

    assert not (root / "mark").exists()
    assert (root / provision_godot.TEMPLATE).is_file()


def test_older_root_still_runs_tests_where_nothing_can_be_downloaded(root: Path) -> None:
    make_root(root, ["usr/bin/godot"])

    assert provision_godot.locate() == [str(provision_godot.WRAPPER)]
