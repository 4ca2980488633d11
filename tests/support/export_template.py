"""Find Godot's release template: the program of an exported game, which players run.

Order: `$GODOT_TEMPLATE`, then what belongs to the Godot that runs the tests: of
Debian's packages the one in the same root, of another Godot the one where its
editor keeps the templates that it downloads.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Final

from tests.support import provision_godot
from tests.support.processes import run

ADVICE: Final = (
    "run make godot, install the export templates with Godot's editor,"
    " or set GODOT_TEMPLATE to a release template"
)
_VERSION: Final = re.compile(r"^\d+\.\d+(\.\d+)?\.[a-z]+\d*", re.MULTILINE)
_VERSION_TIMEOUT: Final = 60.0  # seconds


def find() -> Path:
    """Return the release template for Linux.

    Raises:
        ProvisionError: There is none; the text is one line with advice.
    """
    if named := os.environ.get("GODOT_TEMPLATE"):
        return _existing([Path(named)], f"GODOT_TEMPLATE is {named!r}, which is no file")
    if (command := provision_godot.installed()) is None:
        place = provision_godot.ROOT / provision_godot.TEMPLATE
        return _existing([place], "the Godot in .cache has no release template")
    places = _places(Path(command[0]))
    return _existing(places, f"no release template: looked for {', '.join(map(str, places))}")


def _places(program: Path) -> list[Path]:
    """Return where the template of the Godot `program` may be.

    The program may be a Debian package's, or the wrapper that the tests of
    another copy of this repository have made.
    """
    name = provision_godot.TEMPLATE
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    kept = home / "godot" / "export_templates" / _version(program)
    beside = shutil.which("godot-template-release")
    return [
        program.parent / "root" / name,
        *([Path(beside)] if beside else []),
        kept / f"linux_release.{machine()}",
    ]


def machine() -> str:
    """Return what Godot calls this machine's processor."""
    names = {"aarch64": "arm64", "armv7l": "arm32", "i686": "x86_32", "amd64": "x86_64"}
    found = os.uname().machine.lower()
    return names.get(found, found)


def _version(program: Path) -> str:
    """Return the version as Godot names the folder of its templates, such as 4.4.1.stable."""
    answer = run([str(program), "--version"], timeout=_VERSION_TIMEOUT).stdout
    match = _VERSION.search(answer)
    return match[0] if match else "unknown"


def _existing(places: list[Path], problem: str) -> Path:
    for place in places:
        if place.is_file():
            return place.absolute()
    raise provision_godot.ProvisionError(f"{problem}: {ADVICE}")
