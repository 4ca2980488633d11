"""A pytest plugin that prints a heading where one test folder follows another.

`make test` runs all folders in one pytest, so that its closing line counts
every test; the headings say which folder is running, and what each one took.
"""

import time

import pytest


class StageHeadings:
    """Watches the folder of each test; prints when it changes, and at the end."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        """Print on `reporter`."""
        self._reporter = reporter
        self._stage = ""
        self._started_at = 0.0
        self._took: list[tuple[str, float]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        stage = stage_of(nodeid)
        if stage != self._stage:
            self._close()
            self._stage = stage
            self._started_at = time.monotonic()
            self._reporter.write_sep("-", stage)

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        self._close()
        for stage, seconds in self._took:
            self._reporter.write_line(f"{stage}: {seconds:.1f} s")

    def _close(self) -> None:
        if self._stage:
            self._took.append((self._stage, time.monotonic() - self._started_at))


def stage_of(nodeid: str) -> str:
    """Return the folder below tests/ that holds the test, or "" for none."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "tests" else ""
