"""Pack the Godot addon as a zip file for the Asset Library and the Asset Store.

    python -m tests.support.make_addon [FOLDER]     writes FOLDER/packhorse-godot-VERSION.zip

The file holds `addons/packhorse/` and nothing else. The same tree gives the same
bytes: names are sorted, times and permissions are fixed.
"""

import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

from tests.support.layout import REPOSITORY

PROJECT: Final = REPOSITORY / "godot_addon"
ADDON: Final = PROJECT / "addons" / "packhorse"
# What a game needs; anything else in the folder is left out.
SUFFIXES: Final = frozenset(
    {".cfg", ".cs", ".gd", ".gdshader", ".import", ".md", ".svg", ".tres", ".tscn", ".uid"}
)
NAMES: Final = frozenset({"LICENSE"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
_MODE: Final = 0o100644 << 16  # a plain file, readable by all


def version() -> str:
    """Return the version of the package, which is the addon's."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def files() -> list[Path]:
    """Return the files of the addon that games get, in order."""
    return sorted(
        path
        for path in ADDON.rglob("*")
        if path.is_file() and (path.suffix in SUFFIXES or path.name in NAMES)
    )


def pack(folder: Path) -> Path:
    """Write the zip file into `folder`; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"packhorse-godot-{version()}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files():
            entry = zipfile.ZipInfo(path.relative_to(PROJECT).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3  # Unix, wherever it is made
            archive.writestr(entry, path.read_bytes())
    return target


def main() -> int:
    """Write the file to the folder named on the command line, else to dist/."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "dist"
    print(pack(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
