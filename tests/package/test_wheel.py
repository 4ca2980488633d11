"""Build the wheel, install it where nothing else is, and run both programs."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.layout import REPOSITORY

pytestmark = pytest.mark.timeout(300)
BIN = "Scripts" if sys.platform == "win32" else "bin"
VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def run(*command: str | Path, cwd: Path) -> str:
    """Run `command` outside the repository and return what it printed."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--wheel-dir", str(folder)]
    run(sys.executable, "-m", "pip", "wheel", *options, REPOSITORY, cwd=folder)
    return next(folder.glob("packhorse-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of an environment that holds only the wheel."""
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv" / BIN
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return programs


def test_wheel_holds_both_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        roots = {name.split("/")[0] for name in archive.namelist()}

    assert roots == {"packhorse", "packhorse_relay", f"packhorse-{VERSION}.dist-info"}


def test_wheel_tells_type_checkers_that_it_is_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert {"packhorse/py.typed", "packhorse_relay/py.typed"} <= set(names)


def test_wheel_holds_the_source_that_the_measurement_compiles(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert "packhorse_relay/bench/batch_relay.c" in archive.namelist()


def test_wheel_holds_the_status_page_and_the_service(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    page = {f"packhorse_relay/admin/status.{kind}" for kind in ("html", "css", "js")}
    assert names >= page | {"packhorse_relay/packhorse-relay.service", "packhorse_relay/relay.toml"}


def test_both_packages_import_where_only_the_wheel_is(installed: Path, tmp_path: Path) -> None:
    code = "import packhorse, packhorse_relay; print(packhorse.__version__)"

    assert run(installed / "python", "-I", "-c", code, cwd=tmp_path).strip() == VERSION


@pytest.mark.parametrize(
    "command", [["packhorse", "version"], ["packhorse-relay", "--version"]], ids=" ".join
)
def test_program_tells_its_version(installed: Path, tmp_path: Path, command: list[str]) -> None:
    program, argument = command

    assert VERSION in run(installed / program, argument, cwd=tmp_path)
