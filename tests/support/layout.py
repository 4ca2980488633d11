"""Where product code lives, and which of it must stay pure."""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
TESTS: Final = REPOSITORY / "tests"
# Folder of an import package -> the folder of tests/unit that mirrors it.
PACKAGES: Final = {
    REPOSITORY / "sdk" / "packhorse": TESTS / "unit" / "sdk",
    REPOSITORY / "relay" / "packhorse_relay": TESTS / "unit" / "relay",
}
PURE_FOLDERS: Final = ("wire", "core")
# Written by protocol_spec/generate.py, and compared by its --check.
GENERATED: Final = frozenset({"sdk/packhorse/wire/constants.py", "sdk/packhorse/wire/messages.py"})


def package_modules(package: Path) -> list[Path]:
    """Return all modules below `package`, in order."""
    return sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)


def pure_modules() -> list[Path]:
    """Return the modules of all wire/ and core/ folders, `__init__` included."""
    folders = [package / name for package in PACKAGES for name in PURE_FOLDERS]
    return [module for folder in folders for module in package_modules(folder)]


def relative(path: Path) -> str:
    """Return `path` from the repository's root, with forward slashes."""
    return path.relative_to(REPOSITORY).as_posix()


def unit_test_of(module: Path) -> Path:
    """Return the one file that holds the unit tests of `module`."""
    package = next(package for package in PACKAGES if module.is_relative_to(package))
    mirrored = PACKAGES[package] / module.relative_to(package)
    return mirrored.with_name(f"test_{mirrored.name}")


def import_name(module: Path) -> str:
    """Return the dotted name that imports `module`."""
    package = next(package for package in PACKAGES if module.is_relative_to(package))
    parts = module.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
