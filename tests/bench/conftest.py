"""Fixtures of the measurements."""

from pathlib import Path

import pytest

from tests.bench.godot_scripts import GodotScripts


@pytest.fixture(scope="session")
def godot_scripts(
    godot: Path,  # noqa: ARG001 - needed first
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> GodotScripts:
    """Run scripts in exported release games, or in the editor with `--godot-editor`."""
    if request.config.getoption("--godot-editor"):
        return GodotScripts(None)
    request.getfixturevalue("exporting")
    return GodotScripts(tmp_path_factory.mktemp("exported"))
