"""`python -m tests.fuzz`: run targets, one on each processor, and say what they found."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz import keeping
from tests.fuzz.registry import MACHINES, TARGETS, WORK

_SHARES: Final = 4  # of the time, for each state machine, while the others get one
_GRACE: Final = 120  # seconds for a process to start and to end
_FINDINGS: Final = ("crash-*", "timeout-*", "oom-*")
_TAIL: Final = 15  # lines of a log that show what went wrong


class Outcome(NamedTuple):
    """What a run of one target did."""

    executions: int
    edges: int
    features: int
    """Edges with how often they were taken, and operands that were compared."""
    findings: list[Path]
    """Inputs that broke a rule."""
    is_well: bool


def main() -> int:
    """Run the command line; 1 when anything was found."""
    options = _parse()
    names = options.targets or TARGETS
    if options.keep:
        for name in names:
            print(f"{name}: {keeping.keep(name)} inputs kept")
        return 0
    print(f"{'target':<16}{'executions':>12}{'edges':>8}{'features':>10}  findings", flush=True)
    outcomes = _run_all(sorted(names, key=_shares, reverse=True), options.seconds)
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


def _run_all(names: Sequence[str], seconds: int) -> list[Outcome]:
    """Run targets side by side, the longest first, for so many seconds in all."""
    processors = min(os.cpu_count() or 1, len(names))
    share = seconds * processors / sum(map(_shares, names))
    with ThreadPoolExecutor(processors) as pool:
        return list(pool.map(lambda name: _run(name, max(1, int(share * _shares(name)))), names))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--keep", action="store_true", help="choose anew which inputs are kept")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    return options


def _shares(name: str) -> int:
    return _SHARES if name in MACHINES else 1


def _run(name: str, seconds: int) -> Outcome:
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    known = set(_findings(folder))
    log = folder / "log"
    command = [sys.executable, "-m", "tests.fuzz.engine", name, str(seconds)]
    with log.open("wb") as file:
        done = subprocess.run(
            command, stdout=file, stderr=file, timeout=seconds + _GRACE, check=False
        )
    text = log.read_text("utf-8", errors="replace")
    findings = [path for path in _findings(folder) if path not in known]
    outcome = Outcome(*_figures(text), findings, done.returncode == 0)
    _show(name, outcome, text)
    return outcome


def _findings(folder: Path) -> list[Path]:
    return sorted(path for pattern in _FINDINGS for path in folder.glob(pattern))


def _figures(log: str) -> tuple[int, int, int]:
    """Return executions, edges and features that libFuzzer has told last."""
    executions = re.findall(r"number_of_executed_units: (\d+)", log)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", log)
    edges, features = covered[-1] if covered else (0, 0)
    return int(executions[-1]) if executions else 0, int(edges), int(features)


def _show(name: str, outcome: Outcome, log: str) -> None:
    figures = f"{outcome.executions:>12}{outcome.edges:>8}{outcome.features:>10}"
    print(f"{name:<16}{figures}  {len(outcome.findings) or 'none'}", flush=True)
    if not outcome.is_well:
        print("\n".join(log.splitlines()[-_TAIL:]))
        print(*outcome.findings, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
