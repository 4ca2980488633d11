"""Make the virtual environment that `make` works in, on bare systems too.

    python3 tests/support/make_venv.py .venv

Runs before anything is installed, so it uses only the standard library and
nothing of this repository. Debian splits off what `venv` needs: then the
system's pip serves, or, as root, apt brings the missing part.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

STEP_DEADLINE: Final = 300.0  # seconds
ADVICE: Final = "install Python's venv module (Debian: apt install python3-venv)"


def main() -> int:
    """Make the environment named on the command line; exit 1 with advice."""
    target = sys.argv[1]
    if _with_ensurepip(target) or _with_system_pip(target):
        return 0
    if _install_venv_module() and _with_ensurepip(target):
        return 0
    shutil.rmtree(target, ignore_errors=True)
    print(f"{sys.executable} cannot make a virtual environment: {ADVICE}", file=sys.stderr)
    return 1


def _with_ensurepip(target: str) -> bool:
    return _run([sys.executable, "-m", "venv", "--clear", target])


def _with_system_pip(target: str) -> bool:
    python = str(Path(target) / "bin" / "python")
    return _run([sys.executable, "-m", "venv", "--clear", "--without-pip", target]) and _run(
        [sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "pip"]
    )


def _install_venv_module() -> bool:
    """Install Debian's package for the system's own Python, as root only."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    _run(["apt-get", "-qq", "update"])
    return _run(["apt-get", "-qq", "-y", "--no-install-recommends", "install", name])


def _run(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=STEP_DEADLINE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
