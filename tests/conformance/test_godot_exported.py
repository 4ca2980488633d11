"""The GDScript tests in an exported game: the release template, and tokenised scripts."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.conformance.test_godot_runner import VECTORS, read_outcome
from tests.support.exported_game import export

FILES: Final = """export_filter="all_resources"
include_filter="*.cs"
"""
# It reads the comments of a script, which no game has.
READS_A_SOURCE: Final = ["test_peer_watched.test_every_statistic_is_documented"]


@pytest.mark.usefixtures("exporting")
def test_gdscript_tests_pass_in_an_exported_game(tmp_path: Path) -> None:
    parts = ["addons", "demo", "tests"]
    game = export(tmp_path / "tests", parts, main_loop="tests/run.gd", files=FILES)

    done = game.run(["--vectors", str(VECTORS)], timeout=240)

    failed = re.findall(r"^FAILED (\w+\.\w+): ", done.stdout, re.MULTILINE)
    outcome = read_outcome(done.stdout)
    assert failed == READS_A_SOURCE, done.stdout
    assert outcome.planned == outcome.finished == outcome.passed + 1, done.stdout
    assert "SCRIPT ERROR" not in done.stdout, done.stdout
