"""Tests of the table of who reached whom."""

from tests.support.traversal_report import Cell, merged, table


def test_runs_of_one_cell_are_added_up() -> None:
    cells = [Cell("a x b", "direct", 1, 1), Cell("c", "relay", 0, 1), Cell("a x b", "direct", 2, 3)]
    assert merged(cells) == [Cell("a x b", "direct", 3, 4), Cell("c", "relay", 0, 1)]


def test_table_tells_cell_class_and_runs_and_what_is_wrong() -> None:
    cells = [Cell("full cone x full cone", "direct", 20, 20), Cell("a", "relay", 1, 2)]
    assert table(cells) == [
        "cell                   wanted  reached",
        "full cone x full cone  direct  20/20",
        "a                      relay   1/2  WRONG",
    ]
