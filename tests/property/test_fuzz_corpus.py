"""Inputs that fuzzing found and kept: each is fed to its target again. No fuzzer is needed."""

from pathlib import Path
from typing import Final

import pytest

from tests.fuzz import registry

MOST_FILES: Final = 280
MOST_BYTES: Final = 300_000
KEPT: Final = [(name, path) for name in registry.TARGETS for path in registry.kept_inputs(name)]


@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(*kept, id=f"{kept[0]}-{kept[1].name}") for kept in KEPT]
)
def test_kept_input_breaks_no_rule(name: str, path: Path) -> None:
    registry.load(name).run(path.read_bytes())


@pytest.mark.parametrize("name", registry.TARGETS)
def test_seed_breaks_no_rule(name: str) -> None:
    target = registry.load(name)
    for seed in target.seeds():
        target.run(seed)


def test_kept_inputs_stay_few_and_small() -> None:
    assert len(KEPT) <= MOST_FILES
    assert sum(path.stat().st_size for _, path in KEPT) <= MOST_BYTES


def test_every_folder_of_kept_inputs_belongs_to_a_target() -> None:
    assert sorted(folder.name for folder in registry.CORPUS.iterdir()) == list(registry.TARGETS)
