"""Routers that give out their ports in order: what plain punching does not reach."""

import pytest

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import Plan
from tests.support.traversal_cases import Case
from tests.support.traversal_matrix import DELAYED
from tests.support.traversal_report import NoteCell

pytestmark = pytest.mark.usefixtures("netns")

HOME = Plan(Kind.PORT_RESTRICTED)
IN_ORDER = Plan(Kind.SYMMETRIC_IN_ORDER)


@pytest.mark.parametrize("plans", [(HOME, IN_ORDER), (IN_ORDER, HOME)], ids=["joins", "hosts"])
def test_ports_given_out_in_order_are_predicted(
    plans: tuple[Plan, Plan], note_cell: NoteCell
) -> None:
    (run,) = Case("prediction", plans, is_direct=True).run(1, DELAYED)
    note_cell(f"UDP: {plans[0].kind} x {plans[1].kind}", "direct", [run.is_direct])
    assert run.is_direct
    assert run.lost == run.doubled == 0
