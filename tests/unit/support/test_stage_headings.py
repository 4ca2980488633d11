"""What one run says of several folders, and that both runs of `make tests` run everything."""

import tomllib
from typing import Any

from tests.support.layout import REPOSITORY
from tests.support.stages import StageHeadings


class Terminal:
    """Keeps what is printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_sep(self, sep: str, title: str) -> None:
        self.lines.append(f"{sep} {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)


class Report:
    """What pytest says of a part of a test."""

    def __init__(self, nodeid: str, duration: float) -> None:
        self.nodeid = nodeid
        self.duration = duration


def test_folders_that_run_side_by_side_have_one_heading_and_one_total_each() -> None:
    terminal = Terminal()
    reporter: Any = terminal
    headings = StageHeadings(reporter)
    for nodeid in ("tests/e2e/test_a.py::one", "tests/unit/x/test_b.py::two[/]", "tests/e2e/c::d"):
        headings.pytest_runtest_logstart(nodeid)
        for seconds in (0.5, 1.25):
            report: Any = Report(nodeid, seconds)
            headings.pytest_runtest_logreport(report)

    headings.pytest_terminal_summary()

    assert terminal.lines == ["- e2e", "- unit", "e2e: 2 tests, 3.5 s", "unit: 1 tests, 1.8 s"]


def test_make_tests_chooses_what_pytest_alone_does() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    options = project["tool"]["pytest"]["addopts"]
    chosen = options[options.index("-m") + 1]
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")

    assert f"\nCHOSEN := {chosen}\n" in makefile
    assert makefile.count("-m 'quiet and $(CHOSEN)' $(call tests_in,$(STAGES))") == 1
    assert makefile.count("-m 'not quiet and $(CHOSEN)' $(call tests_in,$(STAGES))") == 1


def test_make_slow_chooses_every_slow_test_once() -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")

    assert makefile.count("-m 'quiet and slow' $(call tests_in,$(STAGES))") == 1
    assert makefile.count("-m 'not quiet and (slow or hypothesis)' $(call tests_in,$(STAGES))") == 1
