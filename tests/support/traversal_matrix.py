"""Lets members meet behind all pairs of routers and writes docs/traversal-matrix.md.

Run: python -m tests.support.traversal_matrix [--runs 20] [--write]; needs root and some minutes.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from tests.support.layout import REPOSITORY
from tests.support.nat_lab import Line
from tests.support.traversal import Run, median_after_offers, median_time
from tests.support.traversal_cases import KINDS, PAIRS, SPECIAL, Case
from tests.support.traversal_tcp import TCP_CASES, TcpCase, TcpRun, is_right, tcp_median

PAGE: Final = REPOSITORY / "docs" / "traversal-matrix.md"
DELAYED: Final = Line(delay=0.04, jitter=0.005)
LOSSY: Final = Line(delay=0.04, jitter=0.005, loss=0.05)
_ENOUGH: Final = 0.95  # of the runs reach the class of the pair
_NOTHING: Final = "no result **wrong**"
_AT_ONCE: Final = 3  # laboratories whose members mostly wait
_PEER_RTT: Final = 4 * DELAYED.delay
LIMIT: Final = 3 * _PEER_RTT + 0.15  # seconds from both knowing addresses to a direct path
FIRST_BYTE: Final = 2 * 2 * DELAYED.delay
"""Seconds until the first message over the relay has arrived: two of its round trips."""
_T = TypeVar("_T")
_C = TypeVar("_C")

_HEAD: Final = """# Who reaches whom directly

Members are processes of the Python SDK in network namespaces whose routers are Linux with the
rules of `tests/support/nat_kinds.py`. Each line between a provider and the internet takes 40 ms
more or less 5 ms each way, so a round trip to the relay takes 80 ms and one between two homes
160 ms. "With loss" also loses 5 % at each home's router each way, so about 10 % between homes.

Each cell tells how many of {runs} rooms went over a **direct** path, or stayed on the **relay** as
they must, and two median times until both sent directly: from the second member's joining, and
from when both knew addresses of each other, where the limit is three round trips and 150 ms, so
{limit:.2f} s. Runs of one cell start a quarter of a second apart and overlap, but where ports are
predicted 3 s.
Measured on {date} by `make traversal`.
"""
_TAIL: Final = """
"Symmetric in order" is reached by predicting the port, which fails when others behind the same
router open more than a few connections in the same moment; then the next attempt comes after 5 s,
three in a row.
Here all rooms of a cell share both routers. What is predicted is known a round trip to the relay
after the other addresses. Ports that are drawn at random are tried only where
both members ask for it (`birthday=True`), and from 1.2 s after the beginning of an attempt.

In the tables of TCP both call `punch_tcp` on a pipe of a room, as soon as the second has joined;
the times are from then on. A full cone lets everything in to one host. **relay** means that both
were told after 10 s that there is no connection. In each run the pipe carried a message each way
afterwards.

What is not in the tables, and the test that measures it:

| wanted | test |
| --- | --- |
| a path that changes costs at most 0.5 s and no reliable message | \
`tests/netns/test_traversal.py`: `test_change_of_the_direct_path_costs_half_a_second`: mappings \
forgotten, another port, another address, path cut |
| moving to a direct path that is faster loses and doubles nothing, at most 5 overtake each way | \
the same: `test_moving_to_a_faster_direct_path_loses_and_doubles_nothing` |
| over TCP 443 alone a session within 2 s | the same: \
`test_network_that_lets_out_only_tcp_443_is_served_over_tls_within_two_seconds` |
| a silent receiver at somebody else's TURN server still hears after 360 s | \
`tests/e2e/test_turn.py`: \
`test_plain_datagrams_reach_a_receiver_that_was_silent_for_360_seconds` (slow) |
"""


def cell(case: Case, runs: Sequence[Run]) -> str:
    """Return what a table says about a pair."""
    if not runs:
        return _NOTHING
    right = sum(run.is_direct == case.is_direct for run in runs)
    name = "direct" if case.is_direct else "relay"
    mark = "" if right >= _ENOUGH * len(runs) else " **wrong**"
    times = (median_time(runs), median_after_offers(runs)) if case.is_direct else ()
    parts = [
        f"{name} {right}/{len(runs)}",
        *(f"{time:.2f} s" for time in times if time is not None),
    ]
    return ", ".join(parts) + mark


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


def tcp_cell(case: TcpCase, runs: Sequence[TcpRun]) -> str:
    """Return the same about a TCP connection."""
    if not runs:
        return _NOTHING
    right = sum(is_right(case, run) for run in runs)
    name = "direct" if case.is_direct else "relay"
    middle = tcp_median(runs) if case.is_direct else None
    time_text = "" if middle is None else f", {middle:.2f} s"
    mark = "" if right >= _ENOUGH * len(runs) else " **wrong**"
    return f"{name} {right}/{len(runs)}{time_text}{mark}"


def after_offers(cells: Sequence[tuple[Case, Sequence[Run]]]) -> str:
    """Return how many cells keep to `LIMIT`."""
    direct = [runs for case, runs in cells if case.is_direct and not case.options]
    times = [time for runs in direct if (time := median_after_offers(runs)) is not None]
    if not times:
        return ""
    kept = sum(time <= LIMIT for time in times)
    return (
        f"From both knowing addresses to both sending directly, without birthday probing: {kept} "
        f"of {len(times)} cells have a median within {LIMIT:.2f} s; the slowest {max(times):.2f} s."
    )


def totals(found: Sequence[Run]) -> str:
    """Return what happened to the messages of all runs."""
    first = sorted(run.first_byte for run in found)
    soon = sum(each <= FIRST_BYTE for each in first)
    return (
        f"Messages in these {len(found)} rooms: of the reliable ones {_sum(found, 'lost')} lost, "
        f"{_sum(found, 'disordered')} out of order; {_sum(found, 'doubled')} doubled in any mode; "
        f"of the unreliable ones at most {max(run.overtaken for run in found)} a room overtaken. "
        f"The first message of who joined arrived after {first[len(first) // 2]:.2f} s "
        f"(median), {first[-1]:.2f} s at most; in {soon} rooms within two round trips to the "
        f"relay, {FIRST_BYTE:.2f} s."
    )


def measure(line: Line, runs: int, wanted: str) -> list[str]:
    """Run all pairs whose names hold `wanted`; return the lines of their tables."""
    cases = [case for case in (*PAIRS.values(), *SPECIAL) if wanted in case.name]
    waiting = [case for case in cases if not case.is_direct]
    timed = [case for case in cases if case.is_direct]

    def run(case: Case) -> tuple[Case, list[Run]]:
        return case, _told(case, lambda: case.run(runs, line), partial(cell, case))

    ran = [*_side_by_side(run, waiting), *map(run, timed)]
    cells = {case.name: cell(case, here) for case, here in ran}
    found = [one for _, here in ran for one in here]
    lines = [*pair_table(cells), "", *special_table(cells), ""]
    return [*lines, after_offers(ran), "", totals(found)] if found else lines


def measure_tcp(line: Line, runs: int, wanted: str) -> list[str]:
    """The same for TCP."""

    def run(case: TcpCase) -> str:
        show = partial(tcp_cell, case)
        return show(_told(case, lambda: case.run(runs, line), show))

    cases = [case for case in TCP_CASES if wanted in f"TCP: {case.name}"]
    found = _side_by_side(run, cases)
    rows = [f"| {case.name} | {result} |" for case, result in zip(cases, found, strict=True)]
    return ["| members, by TCP | result |", "| --- | --- |", *rows]


def _side_by_side(run: Callable[[_C], _T], cases: Iterable[_C]) -> list[_T]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(run, cases))


def _told(
    case: Case | TcpCase, run: Callable[[], list[_T]], show: Callable[[list[_T]], str]
) -> list[_T]:
    """Run a cell; print what came of it, and how long it took. Empty when a member failed."""
    started = time.monotonic()
    found: list[_T] = []
    try:
        found = run()
    except AssertionError as error:  # a program ended early, or a line did not come
        print(f"{case.name}: {error}", flush=True)
    print(f"{case.name}: {show(found)} [{time.monotonic() - started:.0f} s]", flush=True)
    return found


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
    lines = _HEAD.format(runs=args.runs, date=date, limit=LIMIT).splitlines()
    for title, line in (("Without loss", DELAYED), ("With loss", LOSSY)):
        print(f"--- {title}", flush=True)
        lines += ["", f"## {title}", "", *measure(line, args.runs, args.only)]
        lines += ["", *measure_tcp(line, args.runs, args.only)]
    text = "\n".join([*lines, *_TAIL.splitlines(), ""])
    print(text)
    if args.write:
        PAGE.write_text(text)
    return 1 if "**wrong**" in text else 0


if __name__ == "__main__":
    sys.exit(main())
