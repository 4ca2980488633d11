"""Tests of the table of states, every step of it."""

import itertools

import pytest

from packhorse.core.machine import MemberMachine
from packhorse.wire.constants import MEMBER_TRANSITIONS, MemberCause, MemberState
from packhorse.wire.errors import LocalProtocolError

STEPS = list(itertools.product(MemberState, MemberCause))
WANTED = {
    (MemberState.GREETING, MemberCause.CHALLENGED): MemberState.JOINING,
    (MemberState.JOINING, MemberCause.COOKIE_REFUSED): MemberState.GREETING,
    (MemberState.JOINING, MemberCause.GRANTED): MemberState.JOINED,
    (MemberState.JOINED, MemberCause.LEFT): MemberState.LEAVING,
    (MemberState.GREETING, MemberCause.FAILED): MemberState.CLOSED,
    (MemberState.JOINING, MemberCause.FAILED): MemberState.CLOSED,
    (MemberState.JOINED, MemberCause.FAILED): MemberState.CLOSED,
    (MemberState.LEAVING, MemberCause.ACKNOWLEDGED): MemberState.CLOSED,
    (MemberState.LEAVING, MemberCause.FAILED): MemberState.CLOSED,
}


def machine_in(state: MemberState) -> MemberMachine:
    machine = MemberMachine()
    machine.state = state
    return machine


def test_machine_starts_by_greeting() -> None:
    assert MemberMachine().state is MemberState.GREETING


def test_table_is_that_of_the_specification() -> None:
    assert MEMBER_TRANSITIONS == WANTED


@pytest.mark.parametrize(("state", "cause"), WANTED)
def test_step_of_the_table_leads_to_its_state(state: MemberState, cause: MemberCause) -> None:
    machine = machine_in(state)

    machine.advance(cause)

    assert machine.state is WANTED[state, cause]


@pytest.mark.parametrize(("state", "cause"), [step for step in STEPS if step not in WANTED])
def test_step_that_the_table_lacks_is_refused(state: MemberState, cause: MemberCause) -> None:
    machine = machine_in(state)

    with pytest.raises(LocalProtocolError, match=f"{cause.value} is illegal while {state.value}"):
        machine.advance(cause)

    assert machine.state is state


def test_closed_is_final() -> None:
    assert not [step for step in MEMBER_TRANSITIONS if step[0] is MemberState.CLOSED]


def test_every_state_can_be_reached() -> None:
    assert {MemberState.GREETING, *MEMBER_TRANSITIONS.values()} == set(MemberState)
