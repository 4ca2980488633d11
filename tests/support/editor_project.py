"""A Godot project with the addon and a plugin that watches it, for a real editor."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.support.godot import PROJECT

_PROJECT = """config_version=5

[application]

config/name="Probe"
config/features=PackedStringArray("4.4", "GL Compatibility")
run/main_scene="res://game.tscn"

[editor_plugins]

enabled=PackedStringArray("res://addons/packhorse/plugin.cfg", "res://addons/probe/plugin.cfg")

[rendering]

renderer/rendering_method="gl_compatibility"
"""
_SCENE = """[gd_scene load_steps=2 format=3]

[ext_resource type="Script" path="res://addons/probe/game.gd" id="1"]

[node name="Game" type="Node"]
script = ExtResource("1")
"""
_PLUGIN = """[plugin]

name="Probe"
description=""
author=""
version="1"
script="plugin.gd"
"""


def make_editor_project(folder: Path) -> Path:
    """Make the project in `folder`."""
    shutil.copytree(PROJECT / "addons" / "packhorse", folder / "addons" / "packhorse")
    probe = folder / "addons" / "probe"
    shutil.copytree(PROJECT / "tests" / "editor_probe", probe)
    (probe / "plugin.cfg").write_text(_PLUGIN, "utf-8")
    (folder / "game.tscn").write_text(_SCENE, "utf-8")
    (folder / "project.godot").write_text(_PROJECT, "utf-8")
    return folder


def told(output: str) -> list[dict[str, Any]]:
    """Return the JSON objects among the lines of `output`."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
