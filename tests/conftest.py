"""Options, profiles and fixtures for all tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.dataplane.kernel.prerequisites import require
from tests.support import exported_game, godot_drawing, provision_godot, stages
from tests.support import godot as godot_support

# A folder whose tests all carry the marker of its name.
MARKED_FOLDERS: Final = frozenset({"e2e", "netns", "package", "bench"})
# Seconds for one test, where 30 are too few on a busy machine.
PATIENCE: Final = {"property": 300, "e2e": 120, "netns": 120, "package": 300}
GODOT_PATIENCE: Final = 400  # seconds; of four engines on a busy machine
NETNS_TOOLS: Final = ("ip", "nft", "conntrack")

hypothesis.settings.register_profile("dev", max_examples=100, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=200, derandomize=True, deadline=None)
hypothesis.settings.register_profile("nightly", max_examples=1_000, deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that turn skips into failures."""
    group = parser.getgroup("packhorse")
    group.addoption("--require-godot", action="store_true", help="fail where a test finds no Godot")
    group.addoption(
        "--require-netns", action="store_true", help="fail where network namespaces cannot be made"
    )
    group.addoption(
        "--godot-editor",
        action="store_true",
        help="measure Godot's editor binary instead of exported release games",
    )


@pytest.hookimpl(trylast=True)  # the terminal reporter comes first
def pytest_configure(config: pytest.Config) -> None:
    """Print a heading for each test folder."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter) and config.option.verbose >= 0:
        config.pluginmanager.register(stages.StageHeadings(reporter))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_configure_node(node: Any) -> None:
    """Tell a process of `-n`, before it starts, whether it finds Godot's project imported."""
    node.workerinput["godot_is_imported"] = _import_before_all()


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its folder, and those that run Godot; give it time."""
    patience = PATIENCE if config.getoption("--timeout") is None else {}  # a mark would win
    for item in items:
        stage = stages.stage_of(item.nodeid)
        if stage in MARKED_FOLDERS:
            item.add_marker(stage)
        if {"godot", "screen"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("godot")
            item.add_marker(pytest.mark.timeout(GODOT_PATIENCE))
        elif stage in patience and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(patience[stage]))


@pytest.fixture(scope="session", autouse=True)
def _own_state_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let relays that are started without --state-dir keep no secret in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def godot(pytestconfig: pytest.Config) -> Path:
    """Return the addon's project, imported; a Godot to run it is there."""
    try:
        godot_support.godot_command([])
    except provision_godot.ProvisionError as error:
        _skip_or_fail(str(error), required=pytestconfig.getoption("--require-godot"))
    if not getattr(pytestconfig, "workerinput", {}).get("godot_is_imported"):
        godot_support.import_project()
    return godot_support.PROJECT


@pytest.fixture(scope="session")
def screen(
    godot: Path,  # noqa: ARG001 - needed first
    pytestconfig: pytest.Config,
) -> Iterator[godot_drawing.VirtualScreen]:
    """Give a screen on which the Godot of the fixture `godot` draws."""
    if reason := godot_drawing.why_no_drawing():
        _skip_or_fail(reason, required=pytestconfig.getoption("--require-godot"))
    with godot_drawing.VirtualScreen() as screen:
        yield screen


@pytest.fixture(scope="session")
def exporting(
    godot: Path,  # noqa: ARG001 - needed first
    pytestconfig: pytest.Config,
) -> None:
    """See that the Godot of the fixture `godot` can export games that run here."""
    if reason := exported_game.why_no_export():
        _skip_or_fail(reason, required=pytestconfig.getoption("--require-godot"))


@pytest.fixture(scope="session")
def netns(pytestconfig: pytest.Config) -> None:
    """See that network namespaces can be made here."""
    if reason := _why_no_netns():
        _skip_or_fail(reason, required=pytestconfig.getoption("--require-netns"))


@pytest.fixture(scope="session")
def bpf(pytestconfig: pytest.Config) -> None:
    """See that the data plane `kernel` can be loaded here."""
    if reason := _why_no_bpf():
        _skip_or_fail(reason, required=pytestconfig.getoption("--require-netns"))


@cache
def _import_before_all() -> bool:
    """Import Godot's project; return False when a test has to try and to say why it fails."""
    try:
        godot_support.import_project()
    except (AssertionError, provision_godot.ProvisionError):
        return False
    return True


def _skip_or_fail(reason: str, *, required: bool) -> None:
    if required:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _why_no_bpf() -> str:
    """Return why the data plane `kernel` cannot be loaded, or "" when it can."""
    try:
        require("tcx")
    except ConfigurationError as error:
        return error.problem
    return ""


def _why_no_netns() -> str:
    """Return why network namespaces cannot be made, or "" when they can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces need root"
    if missing := [tool for tool in NETNS_TOOLS if shutil.which(tool) is None]:
        return f"network namespaces need {', '.join(missing)}"
    name = f"packhorse-{os.getpid()}"
    for action in ("add", "del"):
        done = subprocess.run(
            ["ip", "netns", action, name], capture_output=True, text=True, timeout=10, check=False
        )
        if done.returncode != 0:
            return f"ip netns {action} failed: {done.stderr.strip()}"
    return ""
