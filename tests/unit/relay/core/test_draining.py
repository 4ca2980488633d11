"""Tests of a relay that is about to stop."""

import pytest

from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.messages import Drain, Pong
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import refusal_of
from tests.support.relay_harness import Rig, address


def test_every_member_is_told_at_once_and_with_each_pong() -> None:
    """RES-11."""
    rig = Rig()
    members = rig.room(2)
    rig.core.drain(300.0, now=rig.now)
    sent = rig.drain()
    told = [m.deadline_ms for each in members for m in each.heard(sent) if isinstance(m, Drain)]
    assert told == [300_000] * 2

    rig.advance(10.0)
    heard = members[1].heard(members[1].send(members[1].ping()).sent)
    assert [type(message) for message in heard] == [Pong, Drain]
    assert [m.deadline_ms for m in heard if isinstance(m, Drain)] == [290_000]


def test_no_room_is_opened_but_rooms_are_joined() -> None:
    """RES-11."""
    rig = Rig()
    host = rig.create(address(1))
    rig.core.drain(300.0, now=rig.now)

    outcome = rig.ask_to_create(Applicant(address=address(2), nonce=nonce(2)))

    assert outcome.drop is DropReason.REFUSED
    assert refusal_of(outcome) == ErrorCode.DRAINING
    assert rig.join(host.code, address(3)).peer == 2


@pytest.mark.parametrize(("seconds", "shown"), [(1e9, 3_600_000), (0.0, 0)])
def test_deadline_is_what_the_field_can_say(seconds: float, shown: int) -> None:
    rig = Rig()
    host = rig.create(address(1))
    rig.core.drain(seconds, now=rig.now)
    rig.core.drain(5.0, now=rig.now)

    drains = [m for m in host.heard(rig.drain()) if isinstance(m, Drain)]
    assert [drain.deadline_ms for drain in drains] == [shown]
