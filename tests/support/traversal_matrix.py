"""Lets members meet behind all pairs of routers and writes docs/traversal-matrix.md.

Run: python -m tests.support.traversal_matrix [--runs 20] [--write]; needs root and some minutes.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from tests.support.layout import REPOSITORY
from tests.support.nat_lab import Line
from tests.support.traversal import Run, median_time
from tests.support.traversal_cases import KINDS, PAIRS, SPECIAL, Case

PAGE: Final = REPOSITORY / "docs" / "traversal-matrix.md"
DELAYED: Final = Line(delay=0.04, jitter=0.005)
LOSSY: Final = Line(delay=0.04, jitter=0.005, loss=0.05)
_ENOUGH: Final = 0.95  # of the runs reach the class of the pair

_HEAD: Final = """# Who reaches whom directly

Members are processes of the Python SDK in network namespaces whose routers are Linux with the
rules of `tests/support/nat_kinds.py`. Each line between a provider and the internet takes 40 ms
more or less 5 ms each way, so a round trip to the relay takes 80 ms and one between two homes
160 ms. "With loss" also loses 5 % at each home's router each way, so about 10 % between homes.

Each cell tells how many of {runs} rooms went over a **direct** path, or stayed on the **relay** as
they must, and the median time from the second member's joining until both sent directly. Runs of
one cell start a quarter of a second apart and overlap, but where ports are predicted 3 s.
Measured on {date} by `make traversal`.
"""
_TAIL: Final = """
"Symmetric in order" is reached by predicting the port, which fails when others behind the same
router open connections in the same moment; then the next attempt comes after 5 s, three in a row.
Here all rooms of a cell share both routers. Ports that are drawn at random are tried only where
both members ask for it (`birthday=True`), and from 1.2 s after the beginning of an attempt. TCP
between members is not tried.
"""


def cell(case: Case, runs: Sequence[Run]) -> str:
    """Return what a table says about a pair."""
    right = sum(run.is_direct == case.is_direct for run in runs)
    name = "direct" if case.is_direct else "relay"
    mark = "" if right >= _ENOUGH * len(runs) else " **wrong**"
    middle = median_time(runs)
    time_text = "" if middle is None or not case.is_direct else f", {middle:.2f} s"
    return f"{name} {right}/{len(runs)}{time_text}{mark}"


def pair_table(cells: dict[str, str]) -> list[str]:
    """Return the lines of the table of all pairs of kinds."""
    lines = [f"| | {' | '.join(KINDS)} |", "| --- " * (len(KINDS) + 1) + "|"]
    for one in KINDS:
        cases = (PAIRS.get((one, other)) for other in KINDS)
        row = (cells.get(case.name, "") if case else "" for case in cases)
        lines.append(f"| {one} | {' | '.join(row)} |")
    return lines


def special_table(cells: dict[str, str]) -> list[str]:
    """Return the lines of the table of what is no pair of kinds."""
    lines = ["| members | result |", "| --- | --- |"]
    return lines + [f"| {case.name} | {cells.get(case.name, '')} |" for case in SPECIAL]


def totals(found: Sequence[Run]) -> str:
    """Return what happened to the messages of all runs."""
    first = sorted(run.first_byte for run in found)
    return (
        f"Messages in these {len(found)} rooms: of the reliable ones {_sum(found, 'lost')} lost, "
        f"{_sum(found, 'disordered')} out of order; {_sum(found, 'doubled')} doubled in any mode; "
        f"of the unreliable ones at most {max(run.overtaken for run in found)} a room overtaken. "
        f"The first message of who joined arrived after {first[len(first) // 2]:.2f} s "
        f"(median), {first[-1]:.2f} s at most."
    )


def measure(line: Line, runs: int, wanted: str) -> list[str]:
    """Run all pairs whose names hold `wanted`; return the lines of their tables."""
    cells: dict[str, str] = {}
    found: list[Run] = []
    for case in (*PAIRS.values(), *SPECIAL):
        if wanted not in case.name:
            continue
        started = time.monotonic()
        here = case.run(runs, line)
        found += here
        cells[case.name] = cell(case, here)
        print(f"{case.name}: {cells[case.name]} [{time.monotonic() - started:.0f} s]", flush=True)
    return [*pair_table(cells), "", *special_table(cells), "", totals(found)]


def _sum(found: Sequence[Run], name: str) -> int:
    return sum(getattr(run, name) for run in found)


def main() -> int:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", default="", help="part of the names of the pairs to run")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # laboratories are removed then, too
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    lines = _HEAD.format(runs=args.runs, date=date).splitlines()
    for title, line in (("Without loss", DELAYED), ("With loss", LOSSY)):
        print(f"--- {title}", flush=True)
        lines += ["", f"## {title}", "", *measure(line, args.runs, args.only)]
    text = "\n".join([*lines, *_TAIL.splitlines(), ""])
    print(text)
    if args.write:
        PAGE.write_text(text)
    return 1 if "**wrong**" in text else 0


if __name__ == "__main__":
    sys.exit(main())
