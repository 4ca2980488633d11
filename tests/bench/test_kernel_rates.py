"""What a pass between two networks takes, and how much gets through without loss.

The same subjects as in test_kernel_cost.py, on the same links. A pass is from one member's
send to the other's receive; a round trip has two.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import pytest

from tests.bench.test_kernel_cost import (
    FOLDER,
    NOTHING,
    ROUTING,
    Load,
    Subject,
    compile_c,
    interleaved,
    keep_sessions,
    measure,
)
from tests.support.programs import program

pytestmark = pytest.mark.usefixtures("netns", "bpf", "before_others")

RUNS: Final = 3  # of each subject, interleaved
RATE: Final = 5000  # datagrams a second, one at a time
PASSES: Final = 3000  # a run
BURST: Final = 16
RATES: Final = tuple(round(20_000 * 2 ** (step / 3)) for step in range(17))  # to 806,000
LOSSLESS: Final = 0.001  # the machine has other work, too
PAUSE: Final = 0.2  # seconds between two runs, for all others
C_LOOP: Final = "C, recvmmsg and sendmmsg"


class Pass(NamedTuple):
    """Of one run, in microseconds."""

    lost: float
    median: float
    p99: float


@pytest.fixture
def before_others() -> Iterator[None]:
    """Let what is measured, and the load, go before what else the machine does."""
    usual, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    yield
    os.sched_setscheduler(0, usual, parameters)


def test_time_of_a_pass_between_networks(tmp_path: Path) -> None:
    timer = tmp_path / "lab_pass"
    compile_c(FOLDER / "lab_pass.c", timer)
    results = interleaved(tmp_path, RUNS, partial(time_passes, timer))
    print(f"\n{RATE:,}/s one at a time, {RUNS} interleaved runs of {PASSES:,}; {machine()};")
    print("us of a pass, median of medians (min-max), and p99; what is added to plain routing")
    routed = results[ROUTING]
    for name, runs in results.items():
        added = spread([run.median - other.median for run, other in zip(runs, routed, strict=True)])
        tail = spread([run.p99 - other.p99 for run, other in zip(runs, routed, strict=True)])
        middle, p99 = spread([run.median for run in runs]), spread([run.p99 for run in runs])
        lost = sum(run.lost for run in runs) / (RUNS * PASSES)
        print(
            f"  {name:28} {middle:20} p99 {p99:20} added {added:20} p99 {tail:20} lost {lost:.2%}"
        )


def test_lossless_rate_between_networks(tmp_path: Path) -> None:
    loader = tmp_path / "lab_load"
    compile_c(FOLDER / "lab_load.c", loader)
    results = interleaved(tmp_path, RUNS, partial(lossless_rate, loader))
    print(f"\nbursts of {BURST}, {RUNS} interleaved searches; {machine()};")
    print(f"highest rate with at most {LOSSLESS:.1%} lost, a second, median (min-max)")
    reference = median(results[C_LOOP])
    for name, rates in results.items():
        whole = f"{median(rates):9,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"
        print(f"  {name:28} {whole:32} = {median(rates) / reference:.2f} x {C_LOOP}")
    assert results[NOTHING]


def time_passes(timer: Path, subject: Subject) -> Pass:
    """Time passes through one subject."""
    time.sleep(PAUSE)
    keep_sessions(subject)
    fds = (subject.sender, subject.receiver)
    numbers = (*fds, RATE, PASSES, len(subject.datagram))
    done = subprocess.run(
        [program("taskset"), "-c", "1", str(timer), *map(str, numbers), subject.datagram.hex()],
        pass_fds=fds,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return Pass(*map(float, done.stdout.split()))


def lossless_rate(loader: Path, subject: Subject) -> float:
    """Return the highest rate that came through; the search ends where two tries lose."""
    best = 0.0
    for rate in RATES:
        time.sleep(PAUSE)
        load = Load(rate, BURST, 1 << 30)
        tries = (measure(loader, load, subject, seconds=0.2) for _ in range(2))
        through = next((each for each in tries if each.loss <= LOSSLESS), None)
        if through is None or through.rate < 0.9 * rate:
            break  # it loses, or the load comes no faster
        best = through.rate
    return best


def spread(values: Sequence[float]) -> str:
    """Return the median between the least and the most."""
    return f"{median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def machine() -> str:
    """Return what else the machine did."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
