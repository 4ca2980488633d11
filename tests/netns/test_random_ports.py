"""Routers that give out their ports at random, against ones that let in only what was asked for."""

import json
import sys

import pytest

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import Internet, Plan
from tests.support.traversal import RELAY, start_relay
from tests.support.traversal_cases import Case
from tests.support.traversal_matrix import DELAYED
from tests.support.traversal_report import NoteCell

pytestmark = pytest.mark.usefixtures("netns")

HOME = Plan(Kind.PORT_RESTRICTED)
RANDOM = Plan(Kind.SYMMETRIC_RANDOM)


@pytest.mark.parametrize("plans", [(HOME, RANDOM), (RANDOM, HOME)], ids=["joins", "hosts"])
def test_random_ports_are_met_when_both_ask_for_it(
    plans: tuple[Plan, Plan], note_cell: NoteCell
) -> None:
    """A run misses in few of a hundred cases; the next one comes a minute later."""
    case = Case(
        "birthday", plans, is_direct=True, stagger=3.0, patience=12.0, options=("--birthday",)
    )
    runs = case.run(2, DELAYED)
    reached = [run.is_direct for run in runs]
    note_cell(f"UDP with birthday probing: {plans[0].kind} x {plans[1].kind}", "direct", reached)
    assert any(reached)
    assert all((run.lost, run.doubled, run.disordered) == (0, 0, 0) for run in runs)


@pytest.mark.timeout(120)
def test_pipe_that_must_be_direct_meets_random_ports_when_both_ends_ask_for_it() -> None:
    """Within two runs, which are a minute apart: one misses in a case of a hundred."""
    piper = [sys.executable, "-m", "tests.netns.piper", "--birthday", "--timeout", "80"]
    with Internet(HOME, RANDOM, line=DELAYED) as lab:
        start_relay(lab)
        listener = lab.start(lab.homes[0].machine, *piper, "--relay", RELAY)
        address = json.loads(listener.wait_for("address"))["address"]
        opener = lab.start(lab.homes[1].machine, *piper, "--open", address)
        told = json.loads(opener.wait_for("answer", timeout=90))
    assert (told["answer"], told["kind"]) == ("directly", "direct")
