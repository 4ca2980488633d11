"""Prints the traversal matrix of the tests that ran."""

from collections.abc import Callable, Sequence

import pytest

from tests.support.traversal_report import PROPERTY, Cell, NoteCell, table


@pytest.fixture
def note_cell(record_property: Callable[[str, object], None]) -> NoteCell:
    """Return what notes how many runs of a pair of members reached the class wanted.

    As a plain tuple: reports come from other processes, which send nothing else.
    """

    def note(name: str, wanted: str, reached: Sequence[bool]) -> None:
        record_property(PROPERTY, (name, wanted, sum(reached), len(reached)))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the cells that tests have noted, those that failed, too."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    cells = [
        Cell(*value)
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY
    ]
    if cells:
        terminalreporter.write_sep("=", "traversal matrix")
        for line in table(cells):
            terminalreporter.write_line(line)
