"""Every dependency installs on a Raspberry Pi without a compiler: asks the package index."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.layout import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AARCH64: Final = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
# The index that Raspberry Pi OS adds (piwheels) is left out: what is found here is there, too.
ARMV7: Final = ("linux_armv7l", "manylinux2014_armv7l", "manylinux_2_31_armv7l")
PYTHONS: Final = ("311", "313")  # of Raspberry Pi OS bookworm and trixie
# Without a wheel for armv7; the source builds without a compiler when it is told to.
PURE_FROM_SOURCE: Final = {"msgpack": {"MSGPACK_PUREPYTHON": "1"}}
VECTORS: Final = ("tests/unit/sdk/wire", "tests/conformance/test_vectors.py", "-k", "not godot")
NO_COMPILER: Final = {"CC": "/bin/false", "CXX": "/bin/false"}


def dependencies() -> list[str]:
    """Return what pyproject.toml asks for, extras included."""
    text = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(each for extra in extras for each in extra)]


def name_of(requirement: str) -> str:
    """Return the name in a requirement."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None, requirement
    return match[0]


def pip(*arguments: str, env: dict[str, str] | None = None) -> None:
    """Run pip; its output is the message when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=os.environ | (env or {}),
    )
    assert done.returncode == 0, done.stderr


def download_wheels(
    requirements: list[str], platforms: tuple[str, ...], python: str, folder: Path
) -> None:
    """Download wheels only, with those of what they depend on, for another machine."""
    options = [f"--platform={platform}" for platform in platforms]
    options += [f"--python-version={python}", "--implementation=cp", "--only-binary=:all:"]
    pip("download", *options, f"--dest={folder}", *requirements)


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_a_wheel_on_64_bit(tmp_path: Path, python: str) -> None:
    download_wheels(dependencies(), AARCH64, python, tmp_path)


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_a_wheel_or_is_pure_on_32_bit(tmp_path: Path, python: str) -> None:
    with_wheels = [each for each in dependencies() if name_of(each) not in PURE_FROM_SOURCE]

    download_wheels(with_wheels, ARMV7, python, tmp_path)

    assert len(with_wheels) == len(dependencies()) - len(PURE_FROM_SOURCE)


@pytest.mark.parametrize("name", sorted(PURE_FROM_SOURCE))
def test_source_without_a_wheel_builds_without_a_compiler(tmp_path: Path, name: str) -> None:
    options = ["--no-deps", "--no-cache-dir", f"--no-binary={name}", f"--wheel-dir={tmp_path}"]

    pip("wheel", *options, name, env=NO_COMPILER | PURE_FROM_SOURCE[name])

    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert [each for each in archive.namelist() if each.endswith(".so")] == []


def test_vectors_hold_with_the_pure_python_msgpack() -> None:
    """The profile is as strict on a 32-bit Pi, where there is no compiled msgpack."""
    code = "import msgpack; assert msgpack.Packer.__module__ == 'msgpack.fallback'"
    env = os.environ | {"MSGPACK_PUREPYTHON": "1"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *VECTORS],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=env,
    )

    assert done.returncode == 0, done.stdout[-2000:]
