"""A pytest plugin that tells the test folders apart in what one run prints.

`make tests` runs all folders in one pytest, side by side in several processes,
so that its closing line counts every test; a heading says when the first test
of a folder starts, and the end what each folder had.
"""

from dataclasses import dataclass

import pytest


@dataclass
class Stage:
    """What the tests of a folder came to."""

    tests: int = 0
    seconds: float = 0.0
    """All tests one after the other, with what they set up."""


class StageHeadings:
    """Watches the folder of each test; prints a heading for each, and totals at the end."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        """Print on `reporter`."""
        self._reporter = reporter
        self._stages: dict[str, Stage] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        name = stage_of(nodeid)
        if name not in self._stages:
            self._reporter.write_sep("-", name)
        self._stages.setdefault(name, Stage()).tests += 1

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._stages.setdefault(stage_of(report.nodeid), Stage()).seconds += report.duration

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        for name, stage in self._stages.items():
            self._reporter.write_line(f"{name}: {stage.tests} tests, {stage.seconds:.1f} s")


def stage_of(nodeid: str) -> str:
    """Return the folder below tests/ that holds the test, or "" for none."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "tests" else ""
