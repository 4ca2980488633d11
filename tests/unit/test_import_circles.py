"""No module imports one that imports it again, not even for its types."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support import layout


def imports_of(module: Path) -> set[str]:
    """Return what a module imports, for type checking too: modules, and names in them."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= within | {node.module or ""}
    return names


def check_order(graph: dict[str, set[str]]) -> None:
    """Raise CycleError when the modules cannot be put into an order."""
    TopologicalSorter(graph).prepare()


def test_modules_can_be_put_into_an_order() -> None:
    modules = {
        layout.import_name(path): path
        for package in layout.PACKAGES
        for path in layout.package_modules(package)
        if path.name != "__init__.py"  # those only gather what others define
    }

    check_order({name: imports_of(path) & modules.keys() for name, path in modules.items()})


def test_circle_of_three_is_found() -> None:
    with pytest.raises(CycleError):
        check_order({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_imports_for_types_count(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("if TYPE_CHECKING:\n    from a.b import C\nimport d.e\n", "utf-8")

    assert imports_of(module) == {"a.b", "a.b.C", "d.e"}
