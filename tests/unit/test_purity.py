"""The pure folders do no I/O, read no clock and draw no randomness.

Two checks, because neither sees everything. The imports that a module names
are read from its syntax tree. Then it is imported in a clean interpreter, to
see what comes along; there, modules that the permitted libraries bring along
themselves are left out.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support import layout

BANNED: Final = frozenset(
    [
        "asyncio",
        "concurrent",
        "ctypes",
        "datetime",
        "http",
        "io",
        "logging",
        "msvcrt",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "rich",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "socketserver",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "websockets",
    ]
)
PERMITTED: Final = (
    "collections.abc",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "hmac",
    "msgpack",
    "struct",
    "typing",
)
PROJECT_PURE: Final = tuple(
    f"{package.name}.{folder}" for package in layout.PACKAGES for folder in layout.PURE_FOLDERS
)

# The packages' own __init__ files bring the shells: empty stand-ins replace
# them, so that only what the pure module itself imports is loaded.
PROBE: Final = """
import importlib, json, sys, types
search, permitted, name = json.loads(sys.argv[1])
for package, folder in search.items():
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [folder]
for each in permitted:
    importlib.import_module(each)
before = set(sys.modules)
importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def banned_among(names: list[str]) -> list[str]:
    """Return the names that pure code must not load."""
    foreign = [
        name for name in names if name.startswith("packhorse") and not name.startswith(PROJECT_PURE)
    ]
    return foreign + [name for name in names if name.partition(".")[0] in BANNED]


def imported_names(source: str) -> list[str]:
    """Return every module that `source` imports, except for type checking only."""
    tree = ast.parse(source)
    skipped = {
        id(inner) for node in ast.walk(tree) if is_type_checking(node) for inner in ast.walk(node)
    }
    names: list[str] = []
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    }


def loaded_with(name: str) -> list[str]:
    """Return the modules that importing `name` adds to a clean interpreter."""
    search = {package.name: str(package) for package in layout.PACKAGES}
    arguments = json.dumps([search, PERMITTED, name])
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout)
    return loaded


@pytest.mark.parametrize("module", layout.pure_modules(), ids=layout.relative)
def test_pure_module_names_no_banned_import(module: Path) -> None:
    assert banned_among(imported_names(module.read_text("utf-8"))) == []


@pytest.mark.parametrize("module", layout.pure_modules(), ids=layout.relative)
def test_pure_module_loads_nothing_banned(module: Path) -> None:
    assert banned_among(loaded_with(layout.import_name(module))) == []


def test_sdk_imports_the_relay_only_in_its_command_line() -> None:
    sdk = layout.REPOSITORY / "sdk" / "packhorse"
    modules = [
        path for path in layout.package_modules(sdk) if "cli" not in path.relative_to(sdk).parts
    ]

    users = [
        path
        for path in modules
        if any(n.startswith("packhorse_relay") for n in imported_names(path.read_text("utf-8")))
    ]

    assert [layout.relative(path) for path in users] == []


def test_imported_names_sees_every_form_of_import() -> None:
    source = (
        "import os.path as p, socket\nfrom time import sleep\n"
        "if TYPE_CHECKING:\n    import random\n"
        "def f():\n    import ssl\n"
    )

    assert imported_names(source) == ["os.path", "socket", "time.sleep", "ssl"]


def test_banned_among_names_shells_and_clocks() -> None:
    names = [
        "packhorse.wire.header",
        "packhorse.aio.udp",
        "packhorse_relay.core",
        "time",
        "struct",
        "os.path",
    ]

    assert banned_among(names) == ["packhorse.aio.udp", "time", "os.path"]
