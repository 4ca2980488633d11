"""Run the real Godot with a window on a virtual X server, to look at what it draws.

Tests take the fixture `screen`. A script that runs there saves what it sees as
godot_addon/tests/support/screenshot.gd does.
"""

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support import processes, provision_godot
from tests.support.godot import PROJECT

ADVICE: Final = "install Xvfb (Debian: apt-get install xvfb)"
_START_TIMEOUT: Final = 60.0  # seconds
_PNG_HEAD: Final = struct.Struct(">8s4x4sII")


def why_no_drawing() -> str:
    """Return why nothing can be drawn here, or "" when it can."""
    return "" if shutil.which("Xvfb") else f"drawing needs Xvfb: {ADVICE}"


class VirtualScreen:
    """An X server without a screen of its own; a context manager.

    Attributes:
        display: What `$DISPLAY` has to be.
    """

    def __init__(self, size: tuple[int, int] = (1280, 720)) -> None:
        """Start it.

        Args:
            size: Width and height in pixels.
        """
        self.display = ""
        screen = f"{size[0]}x{size[1]}x24"
        self._process = processes.Started(
            ["Xvfb", "-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp"]
        )

    def __enter__(self) -> Self:
        """Wait until it has chosen a display that nobody uses."""
        try:
            self.display = f":{self._display_number()}"
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._process.stop()

    def command(
        self, args: Sequence[str], *, project: Path = PROJECT, window: tuple[int, int] = (1280, 720)
    ) -> list[str]:
        """Return the command line that runs Godot with a window on this screen.

        Raises:
            ProvisionError: There is no Godot; `make godot` gets one.
        """
        if (command := provision_godot.locate()) is None:
            raise provision_godot.ProvisionError(f"no Godot: {provision_godot.ADVICE}")
        drivers = ["--display-driver", "x11", "--rendering-driver", "opengl3"]
        drivers += ["--audio-driver", "Dummy", "--resolution", f"{window[0]}x{window[1]}"]
        return ["env", f"DISPLAY={self.display}", *command, *drivers, "--path", str(project), *args]

    def run(
        self,
        args: Sequence[str],
        *,
        project: Path = PROJECT,
        window: tuple[int, int] = (1280, 720),
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run Godot to its end; `stdout` holds all it printed.

        Raises:
            AssertionError: It still runs after `timeout` seconds.
        """
        command = self.command(args, project=project, window=window)
        return processes.run(command, timeout=timeout)

    def start(
        self, args: Sequence[str], *, project: Path = PROJECT, window: tuple[int, int] = (1280, 720)
    ) -> processes.Started:
        """Start Godot; use the result as a context manager, which ends it."""
        return processes.Started(self.command(args, project=project, window=window))

    def _display_number(self) -> str:
        while not (line := self._process.wait_for("", timeout=_START_TIMEOUT)).isdecimal():
            pass
        return line


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG file in pixels.

    Raises:
        AssertionError: It is none.
    """
    head = path.read_bytes()[: _PNG_HEAD.size]
    assert len(head) == _PNG_HEAD.size, path
    signature, kind, width, height = _PNG_HEAD.unpack(head)
    assert (signature, kind) == (b"\x89PNG\r\n\x1a\n", b"IHDR"), path
    return width, height
