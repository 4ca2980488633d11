"""Chooses which inputs are kept: few and small ones that together take many branches."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeAlias

import coverage

from tests.fuzz.engine import PRODUCT, name_of, write_seeds
from tests.fuzz.registry import CORPUS, WORK, load

Branch: TypeAlias = tuple[str, tuple[int, int]]
"""File, and the numbers of two lines that follow one another."""

_MOST: Final = 24  # inputs of one target, besides those that were found
_FOUND: Final = "found-"  # file names of inputs that broke a rule once


def keep(name: str) -> int:
    """Choose anew what is kept of a target, out of all its inputs; return how many those are."""
    write_seeds(load(name), WORK / name / "seeds")
    folders = [WORK / name / "corpus", WORK / name / "seeds", CORPUS / name]
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    found = {path.name: path.read_bytes() for path in paths if path.name.startswith(_FOUND)}
    inputs = {path.read_bytes() for path in paths}
    chosen = {name_of(data): data for data in _cover(name, inputs) if data not in found.values()}
    shutil.rmtree(CORPUS / name, ignore_errors=True)
    _write(CORPUS / name, chosen | found)
    return len(chosen | found)


def _cover(name: str, inputs: Iterable[bytes]) -> list[bytes]:
    """Return few inputs that together take many branches: the one that adds most comes next."""
    branches = _branches(name, sorted(inputs, key=lambda each: (len(each), each)))
    chosen: list[bytes] = []
    while branches and len(chosen) < _MOST:
        best = max(branches, key=lambda data: len(branches[data]))  # the smallest of equals
        taken = branches.pop(best)
        chosen.append(best)
        left = ((data, arcs - taken) for data, arcs in branches.items())
        branches = {data: arcs for data, arcs in left if arcs}
    return chosen


def _branches(name: str, inputs: Iterable[bytes]) -> dict[bytes, set[Branch]]:
    """Return the branches of the product that each input takes, in the order of the inputs."""
    target = load(name)
    tracer = coverage.Coverage(data_file=None, branch=True, source_pkgs=PRODUCT)
    tracer.set_option("run:disable_warnings", ["module-not-measured"])  # imported long before
    with tracer.collect():
        for data in inputs:
            tracer.switch_context(name_of(data))
            target.run(data)
    return {data: _branches_of(tracer.get_data(), name_of(data)) for data in inputs}


def _branches_of(measured: coverage.CoverageData, context: str) -> set[Branch]:
    measured.set_query_context(context)
    files = measured.measured_files()
    return {(file, arc) for file in files for arc in measured.arcs(file) or ()}


def _write(folder: Path, inputs: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, data in inputs.items():
        (folder / name).write_bytes(data)
