"""How long a test may take: by its own mark, else the command line, else its folder.

Tests with Godot have a limit of their own that nothing changes but their own mark.
"""

from typing import Any

import pytest


class Item:
    """A test as pytest collects it."""

    fixturenames = ()

    def __init__(self, nodeid: str, own: float | None = None) -> None:
        self.nodeid = nodeid
        self.limits = [] if own is None else [own]

    def get_closest_marker(self, name: str) -> object:
        return self.limits or None if name == "timeout" else None

    def add_marker(self, marker: Any) -> None:
        if not isinstance(marker, str) and marker.name == "timeout":
            self.limits += marker.args


class Config:
    """The command line."""

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout

    def getoption(self, name: str) -> float | None:
        return self.timeout if name == "--timeout" else None


def limits(pytestconfig: pytest.Config, timeout: float | None) -> list[list[float]]:
    """Return the marks of a property test without a limit of its own, and of one with 7 s."""
    plugins = pytestconfig.pluginmanager.get_plugins()
    [conftest] = [plugin for plugin in plugins if hasattr(plugin, "PATIENCE")]
    items = [Item("tests/property/test_a.py::one"), Item("tests/property/test_a.py::two", 7.0)]
    conftest.pytest_collection_modifyitems(Config(timeout), items)
    return [item.limits for item in items]


def test_folder_limits_a_test(pytestconfig: pytest.Config) -> None:
    assert limits(pytestconfig, None) == [[300], [7.0]]


def test_command_line_limits_a_test_instead_of_its_folder(pytestconfig: pytest.Config) -> None:
    assert limits(pytestconfig, 900.0) == [[], [7.0]]
