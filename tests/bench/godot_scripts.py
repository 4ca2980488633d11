"""Run a script of the addon's project in the Godot that is to be measured."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.exported_game import ExportedGame, export
from tests.support.godot import start_godot
from tests.support.processes import Started


class GodotScripts:
    """Starts scripts that extend SceneTree: exported as players run them, or in the editor.

    Attributes:
        build: What runs them, for tables.
    """

    def __init__(self, folder: Path | None) -> None:
        """Export games into `folder`; without one, the editor runs the scripts."""
        self.build = "editor" if folder is None else "release game"
        self._folder = folder
        self._games: dict[str, ExportedGame] = {}

    def start(self, script: str, args: Sequence[str]) -> Started:
        """Start `script` of tests/bench/; use the result as a context manager, which ends it."""
        path = f"tests/bench/{script}"
        if self._folder is None:
            return start_godot(["-s", f"res://{path}", "--", *args])
        if script not in self._games:
            folder = self._folder / script
            self._games[script] = export(folder, ["addons", "tests/bench"], main_loop=path)
        return self._games[script].start(args)

    def run(self, script: str, args: Sequence[str], *, timeout: float) -> list[str]:
        """Run `script` to its end; returns the lines that it printed.

        Raises:
            AssertionError: It still runs after `timeout` seconds, or failed.
        """
        with self.start(script, args) as started:
            assert started.wait(timeout=timeout) == 0, started.output
        return started.lines
