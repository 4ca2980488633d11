"""Export a Godot project as a release game for Linux, and run it as players do.

What players run differs from what `godot --path` runs: the engine's release
template in place of the editor, and a .pck file with tokenised scripts.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support import export_template, processes, provision_godot
from tests.support.godot import PROJECT, run_godot

EXPORT_TIMEOUT: Final = 240.0  # seconds; a slow machine imports the project, too
# Debian's release template of 4.6 takes no callback of the engine's own back, and says so, in any
# game: when a label leaves a container, for example. Its editor and its debug template do. What a
# script did would name a callable.
TEMPLATE_NOISE: Final = "', callable: ''."

ALL_RESOURCES: Final = """export_filter="all_resources"
include_filter=""
"""

_PRESET: Final = """[preset.0]

name="Linux"
platform="Linux"
runnable=true
{files}
exclude_filter=""
script_export_mode=2

[preset.0.options]

custom_template/release="{template}"
debug/export_console_wrapper=0
binary_format/embed_pck=false
binary_format/architecture="{machine}"
"""
# Whoever watches the game reads each line as it comes.
_SETTINGS: Final = """
[application]

run/flush_stdout_on_print=true
"""
_MAIN_LOOP_SETTINGS: Final = """run/main_loop_type="ExportedLoop"
run/main_scene="res://exported_main.tscn"
"""
_MAIN_LOOP: Final = """class_name ExportedLoop
extends "res://{script}"
"""
_EMPTY_SCENE: Final = """[gd_scene format=3]

[node name="Main" type="Node"]
"""
_STORED: Final = re.compile(r"Storing File: res://([^\s\x1b]+)")


class ExportedGame:
    """A game in a folder of its own, with all that it needs to run.

    Attributes:
        files: What is in its pack, without `res://`.
    """

    def __init__(self, program: Path, template: Path, files: Sequence[str]) -> None:
        """Make `program`, which was exported with `template`, runnable."""
        self.files = list(files)
        folder = program.parent
        self._command = [str(program)]
        self._env = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("DATA", "CONFIG", "CACHE")}
        root = template.parent.parent.parent
        loader = provision_godot.loader_of(root) if root != Path("/") else None
        if loader is not None:
            # An unpacked root has a C library of its own. The game looks for its pack beside
            # what the system has started, so a copy of the linker is called as the game is.
            copy = shutil.copy(loader, folder / "game")
            self._command = [str(copy), *provision_godot.library_options(loader), str(program)]

    def command(self, args: Sequence[str]) -> list[str]:
        """Return the command line that runs the game without a window; `args` follow `--`."""
        return [*self._command, "--headless", "--", *args]

    def start(self, args: Sequence[str]) -> processes.Started:
        """Start the game; use the result as a context manager, which ends it."""
        return processes.Started(self.command(args), env=self._env)

    def run(
        self, args: Sequence[str], *, timeout: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run the game to its end; `stdout` holds all it printed.

        Raises:
            AssertionError: It still runs after `timeout` seconds.
        """
        return processes.run(self.command(args), timeout=timeout, env=self._env)


def why_no_export() -> str:
    """Return why no game can be exported and run here, or "" when it can."""
    if not sys.platform.startswith("linux"):
        return "exported games are tested on Linux"
    try:
        export_template.find()
    except provision_godot.ProvisionError as error:
        return str(error)
    return ""


def export(
    folder: Path, parts: Sequence[str], *, main_loop: str = "", files: str = ALL_RESOURCES
) -> ExportedGame:
    """Export the addon's project into `folder`.

    Args:
        folder: Has to be empty.
        parts: The folders of the project that the game gets.
        main_loop: A script below the project that extends SceneTree and takes the
            place of the project's main scene, as `-s` does with the editor.
        files: Settings of the preset that say what is packed.

    Raises:
        ProvisionError: There is no Godot, or no release template.
        AssertionError: Godot complains about the project.
    """
    template = export_template.find()
    project, game = folder / "project", folder / "game"
    game.mkdir(parents=True)
    _copy_project(project, parts, main_loop)
    machine = export_template.machine()
    preset = _PRESET.format(template=template, machine=machine, files=files.strip())
    (project / "export_presets.cfg").write_text(preset, "utf-8")
    program = game / f"game.{machine}"
    to_export = ["--export-release", "Linux", str(program)]
    done = run_godot(to_export, timeout=EXPORT_TIMEOUT, project=project)
    assert done.returncode == 0, done.stdout
    assert "ERROR" not in done.stdout, done.stdout
    assert os.access(program, os.X_OK), done.stdout
    return ExportedGame(program, template, _STORED.findall(done.stdout))


def _copy_project(target: Path, parts: Sequence[str], main_loop: str) -> None:
    for part in parts:
        shutil.copytree(PROJECT / part, target / part)
    settings = (PROJECT / "project.godot").read_text("utf-8") + _SETTINGS
    if main_loop:
        settings += _MAIN_LOOP_SETTINGS
        (target / "exported_loop.gd").write_text(_MAIN_LOOP.format(script=main_loop), "utf-8")
        (target / "exported_main.tscn").write_text(_EMPTY_SCENE, "utf-8")
    (target / "project.godot").write_text(settings, "utf-8")
