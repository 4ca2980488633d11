"""The table of who was to reach whom in which way, and who did, at the end of a test run."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

PROPERTY: Final = "traversal cell"
"""Name under which a test's report carries a cell."""
_HEAD: Final = ("cell", "wanted", "reached")


class Cell(NamedTuple):
    """A pair of members, and what became of it."""

    name: str
    """What lies between both, with the protocol."""
    wanted: str
    """The class: `direct`, `relay`."""
    reached: int
    """Runs that ended in that class."""
    runs: int


NoteCell: TypeAlias = Callable[[str, str, Sequence[bool]], None]
"""Takes the name of a cell, the class wanted, and for each run whether it was reached."""


def merged(cells: Iterable[Cell]) -> list[Cell]:
    """Return one cell for each name and class, in the order in which they first came."""
    found: dict[tuple[str, str], Cell] = {}
    for name, wanted, reached, runs in cells:
        before = found.get((name, wanted), Cell(name, wanted, 0, 0))
        found[name, wanted] = Cell(name, wanted, before.reached + reached, before.runs + runs)
    return list(found.values())


def table(cells: Iterable[Cell]) -> list[str]:
    """Return the lines of the table."""
    rows = [
        _HEAD,
        *(
            (name, wanted, f"{reached}/{runs}" + ("" if reached == runs else "  WRONG"))
            for name, wanted, reached, runs in merged(cells)
        ),
    ]
    name_width, class_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"{name:<{name_width}}  {wanted:<{class_width}}  {reached}".rstrip()
        for name, wanted, reached in rows
    ]
