"""The rules for where files are, and how large they may grow."""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.support import layout

MAX_LINES: Final = 400
TEST_FILES: Final = sorted(layout.TESTS.rglob("test_*.py"))
PYTHON_FILES: Final = sorted(
    path
    for folder in ("sdk", "relay", "tests", "protocol_spec", "examples")
    for path in (layout.REPOSITORY / folder).rglob("*.py")
    if layout.relative(path) not in layout.GENERATED
)


def has_unit_tests(module: Path) -> bool:
    return module.name != "__init__.py" and layout.relative(module) not in layout.GENERATED


@pytest.mark.parametrize(
    "module", [*filter(has_unit_tests, layout.pure_modules())], ids=layout.relative
)
def test_pure_module_has_its_unit_tests(module: Path) -> None:
    expected = layout.unit_test_of(module)

    assert expected.is_file(), f"{layout.relative(module)} needs {layout.relative(expected)}"


def test_unit_test_files_mirror_a_module() -> None:
    mirrored = {
        layout.unit_test_of(path)
        for package in layout.PACKAGES
        for path in layout.package_modules(package)
    }
    mirrors = tuple(layout.PACKAGES.values())

    strays = [
        path
        for path in TEST_FILES
        if path.is_relative_to(mirrors[0]) or path.is_relative_to(mirrors[1])
    ]

    assert [layout.relative(path) for path in strays if path not in mirrored] == []


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in TEST_FILES}

    assert [
        layout.relative(folder) for folder in folders if not (folder / "__init__.py").is_file()
    ] == []


def test_test_file_names_are_unique() -> None:
    counts = Counter(path.name for path in TEST_FILES)

    assert [name for name, count in counts.items() if count > 1] == []


def test_python_files_stay_short() -> None:
    lengths = {
        layout.relative(path): len(path.read_text("utf-8").splitlines()) for path in PYTHON_FILES
    }

    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}
