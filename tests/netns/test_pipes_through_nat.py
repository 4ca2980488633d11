"""Pipes through two routers: TCP punching, and rooms whose pipes must be direct."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import Internet, Line, Plan
from tests.support.processes import Started
from tests.support.traversal import RELAY, start_relay
from tests.support.traversal_matrix import DELAYED, LOSSY
from tests.support.traversal_report import NoteCell
from tests.support.traversal_tcp import TCP_CASES, TcpCase, TcpRun, is_right

ENOUGH = 0.95  # of 20 runs
AT_ONCE = 3  # laboratories
HOME = Plan(Kind.PORT_RESTRICTED)

pytestmark = pytest.mark.usefixtures("netns")

SELECTION = [*TCP_CASES, replace(TCP_CASES[3], one=TCP_CASES[3].other, other=TCP_CASES[3].one)]
"""With full cone x symmetric both ways round."""
SHORT = ("--timeout", "5")


def note(note_cell: NoteCell, case: TcpCase, runs: list[TcpRun]) -> None:
    wanted = "direct" if case.is_direct else "relay"
    note_cell(f"TCP: {case.name}", wanted, [is_right(case, run) for run in runs])


@pytest.fixture(scope="module")
def selected() -> dict[str, TcpRun]:
    """Run all cases beside each other: mostly they wait."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = pool.map(lambda case: case.run(1, options=SHORT), SELECTION)
        return {case.name: run for case, (run,) in zip(SELECTION, runs, strict=True)}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", SELECTION, ids=lambda case: case.name)
def test_routers_are_crossed_by_tcp_or_leave_the_pipe_as_it_was(
    case: TcpCase, selected: dict[str, TcpRun], note_cell: NoteCell
) -> None:
    run = selected[case.name]
    note(note_cell, case, [run])
    assert run.goes_on
    if case.is_direct:
        assert run.is_direct
        assert all(remote and remote.startswith("198.51.100.") for remote in run.remotes)
    else:
        assert all("no connection within 5.0 s" in (error or "") for error in run.errors)


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("line", [DELAYED, LOSSY], ids=["delay", "delay-and-loss"])
@pytest.mark.parametrize("case", TCP_CASES, ids=lambda case: case.name)
def test_tcp_reaches_its_class_nearly_always(
    case: TcpCase, line: Line, note_cell: NoteCell
) -> None:
    runs = case.run(20, line)
    note(note_cell, case, runs)
    assert sum(is_right(case, run) for run in runs) >= ENOUGH * len(runs)


def test_tcp_is_punched_from_a_pipe_that_is_direct_already() -> None:
    """What the relay sees of this side is offered then, too."""
    (run,) = TcpCase(HOME.kind, HOME.kind, is_direct=True).run(1, options=["--after-direct"])
    assert run.is_direct


def test_pipe_to_a_room_that_must_be_direct_is_direct() -> None:
    with Internet(HOME, HOME) as lab:
        told = json.loads(_open(lab).wait_for("answer"))

        assert (told["answer"], told["kind"]) == ("directly", "direct")
        assert told["remote"].startswith(f"{lab.homes[0].router.address}:")


def test_pipe_that_cannot_be_direct_is_refused_when_it_must_be() -> None:
    with Internet(HOME, Plan(Kind.SYMMETRIC_RANDOM)) as lab:
        told = json.loads(_open(lab).wait_for("error"))

    assert "no direct path within 5.0 s" in told["error"]


def _open(lab: Internet) -> Started:
    """Start a listener in the first home and who opens a pipe to it in the second."""
    start_relay(lab)
    command = [sys.executable, "-m", "tests.netns.piper"]
    listener = lab.start(lab.homes[0].machine, *command, "--relay", RELAY)
    address = json.loads(listener.wait_for("address"))["address"]
    return lab.start(lab.homes[1].machine, *command, "--open", address)
