"""Run the real Godot on the addon's project.

Tests that use this take the fixture `godot`, which finds the engine and
imports the project once.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support import processes, provision_godot
from tests.support.layout import REPOSITORY

PROJECT: Final = REPOSITORY / "godot_addon"
IMPORT_TIMEOUT: Final = 240.0  # seconds; a first import on a slow machine


def godot_command(args: Sequence[str], *, project: Path = PROJECT) -> list[str]:
    """Return the command line that runs Godot without a window on `project`.

    Raises:
        ProvisionError: There is no Godot; `make godot` gets one.
    """
    if (command := provision_godot.locate()) is None:
        raise provision_godot.ProvisionError(
            f"no Godot: run make godot, or {provision_godot.ADVICE}"
        )
    return [*command, "--headless", "--path", str(project), *args]


def run_godot(
    args: Sequence[str],
    *,
    timeout: float = 120.0,
    env: dict[str, str] | None = None,
    project: Path = PROJECT,
) -> subprocess.CompletedProcess[str]:
    """Run Godot to its end; `stdout` holds all it printed.

    Raises:
        AssertionError: It still runs after `timeout` seconds.
    """
    return processes.run(godot_command(args, project=project), timeout=timeout, env=env)


def start_godot(
    args: Sequence[str], *, env: dict[str, str] | None = None, project: Path = PROJECT
) -> processes.Started:
    """Start Godot; use the result as a context manager, which ends it."""
    return processes.Started(godot_command(args, project=project), env=env)


def import_project(project: Path = PROJECT) -> None:
    """Let Godot read the whole project once; later runs need what it leaves.

    Raises:
        AssertionError: Godot reports an error, or does not end.
    """
    done = run_godot(["--import"], timeout=IMPORT_TIMEOUT, project=project)
    assert done.returncode == 0, done.stdout
    assert "SCRIPT ERROR" not in done.stdout, done.stdout


def scripts(folder: Path) -> list[Path]:
    """Return the GDScript files below `folder`, in order."""
    return sorted(path for path in folder.rglob("*.gd") if ".godot" not in path.parts)
