"""Routers that give out their ports at random, against ones that let in only what was asked for."""

import pytest

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import Plan
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
