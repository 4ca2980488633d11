"""Tests of requests to join that wait for the host."""

import sys
from types import FrameType
from typing import Any

import pytest

from packhorse.wire.constants import APPROVAL, DropReason, ErrorCode
from packhorse.wire.messages import Ack, Error, Grant, JoinRequest, Pending, RelaySeal
from tests.support.applicant import Applicant, nonce
from tests.support.relay_harness import UNLIMITED, Outcome, RawMember, Rig, Sent, address

DENIED = [Error(code=ErrorCode.JOIN_DENIED)]


class Asking:
    """A room whose host decides, and one who wants to join."""

    def __init__(self, rig: Rig, at: int = 50, host: RawMember | None = None) -> None:
        self.rig = rig
        self.host = host or rig.create(address(1))
        if host is None:
            self.host.send(self.host.set_room(approval=True))
        self.applicant = Applicant(address=address(at), nonce=nonce(at))
        self.join = self.applicant.join(rig.cookie(self.applicant), self.host.code)

    def ask(self) -> Outcome:
        return self.rig.send(self.join, self.applicant.address)

    def told(self, sent: list[Sent]) -> list[RelaySeal]:
        return [m for m in self.host.heard(sent) if isinstance(m, JoinRequest)]

    def decide(self, *, admit: bool, request: int = 1) -> tuple[int, Outcome]:
        outcome = self.host.send(self.host.decide(request, admit=admit))
        (ack, *_) = (m for m in self.host.heard(outcome.sent) if isinstance(m, Ack))
        return ack.code, outcome


def test_joiner_waits_and_the_host_is_told() -> None:
    asking = Asking(Rig())
    outcome = asking.ask()

    assert (outcome.drop, outcome.answers) == (None, [Pending()])
    (told,) = asking.told(outcome.sent)
    assert isinstance(told, JoinRequest)
    assert (told.request, told.name) == (1, "")
    assert asking.rig.core.session_count == 1


def test_admitted_joiner_gets_its_grant_at_once() -> None:
    asking = Asking(Rig())
    asking.ask()
    code, outcome = asking.decide(admit=True)
    member = RawMember.granted(asking.rig, outcome, asking.applicant.address)

    assert (code, member.peer) == (0, 2)


def test_lost_grant_comes_again_though_the_cookie_is_old_by_now() -> None:
    """JOIN-4, ADM-9."""
    asking = Asking(Rig())
    asking.ask()
    asking.rig.advance(12)
    assert asking.ask().answers == [Pending()]
    asking.decide(admit=True)
    again = asking.ask()
    assert isinstance(again.answer, Grant)
    asking.rig.advance(APPROVAL)
    assert asking.ask().answers == [Error(code=ErrorCode.COOKIE_INVALID)]


def test_refused_joiner_is_denied_and_stays_so_when_it_repeats() -> None:
    asking = Asking(Rig())
    asking.ask()
    code, outcome = asking.decide(admit=False)

    assert (code, outcome.answers) == (0, DENIED)
    asking.rig.advance(12)
    assert (asking.ask().answers, asking.told(asking.ask().sent)) == (DENIED, [])


def test_request_waits_for_30_seconds() -> None:
    """ADM-9."""
    asking = Asking(Rig())
    asking.ask()
    asking.rig.advance(APPROVAL - 1)
    assert asking.ask().answers == [Pending()]
    sent = asking.rig.advance(1)
    assert Outcome(None, sent).answers == DENIED
    assert len(asking.rig.core._approvals) == 0
    assert asking.decide(admit=True)[0] == ErrorCode.REQUEST_UNKNOWN


def test_host_is_told_again_but_not_at_every_repetition() -> None:
    asking = Asking(Rig())
    asking.ask()
    assert asking.told(asking.ask().sent) == []
    asking.rig.advance(1)
    assert len(asking.told(asking.ask().sent)) == 1


def test_joiner_is_denied_when_the_room_has_closed_meanwhile() -> None:
    asking = Asking(Rig())
    asking.ask()
    asking.host.send(asking.host.leave())

    assert asking.ask().answers == DENIED


def test_room_that_filled_up_meanwhile_takes_nobody() -> None:
    rig = Rig()
    asking = Asking(rig)
    asking.ask()
    asking.host.send(asking.host.set_room(approval=False, max_peers=2))
    rig.join(asking.host.code, address(60))
    code, outcome = asking.decide(admit=True)

    assert (code, outcome.answers) == (ErrorCode.ROOM_FULL, [Error(code=ErrorCode.ROOM_FULL)])


def test_decision_counts_once() -> None:
    """ADM-8."""
    asking = Asking(Rig())
    asking.ask()
    asking.decide(admit=False)

    assert asking.decide(admit=True)[0] == ErrorCode.REQUEST_UNKNOWN
    assert asking.rig.core.session_count == 1


def test_no_more_than_16_wait_for_a_room_and_4_from_a_source() -> None:
    """ADM-9, LIM-1."""
    rig = Rig(UNLIMITED)
    first = Asking(rig)
    first.ask()
    others = [Asking(rig, at, first.host).ask() for at in range(100, 116)]
    assert [outcome.answers for outcome in others[:15]] == [[Pending()]] * 15
    busy = Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=30_000)
    assert (others[15].drop, others[15].answers) == (DropReason.REFUSED, [busy])

    rig = Rig(UNLIMITED)
    host = Asking(rig).host
    same = [
        rig.ask_to_join(Applicant(address=address(70, port), nonce=nonce(port)), host.code)
        for port in range(1000, 1005)
    ]
    assert [o.answers for o in same] == [[Pending()]] * 4 + [[busy]]


def test_attack_host_is_not_asked_again_for_each_cookie_of_one_nonce() -> None:
    """ADM-9: who was refused counts against their source until the time is over."""
    asking = Asking(Rig(UNLIMITED))
    asking.ask()
    asking.decide(admit=False)
    told = []
    for _ in range(10):
        asking.rig.advance(1)
        cookie = asking.rig.cookie(asking.applicant)
        join = asking.applicant.join(cookie, asking.host.code)
        outcome = asking.rig.send(join, asking.applicant.address)
        assert outcome.answers == [
            Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=30_000),
        ]
        told += asking.told(outcome.sent)

    assert told == []
    asking.rig.advance(APPROVAL)
    assert len(asking.rig.core._approvals) == 0


@pytest.mark.parametrize("admit", [True, False])
def test_attack_requests_in_other_rooms_cost_a_room_nothing(admit: bool) -> None:  # noqa: FBT001
    """Steps, not time: the same number with 2 rooms that wait as with 200."""
    assert steps_of_a_request(2, admit=admit) == steps_of_a_request(200, admit=admit)


def steps_of_a_request(rooms: int, *, admit: bool) -> int:
    """Return how many lines of approval.py run from JOIN to the decision."""
    rig = Rig(UNLIMITED)
    for number in range(1, rooms):
        host = rig.create(address(number))
        host.send(host.set_room(approval=True))
        Asking(rig, 1000 + number, host).ask()
    asking = Asking(rig, 5000, rig.create(address(999)))
    asking.host.send(asking.host.set_room(approval=True))
    steps, tracer = 0, sys.gettrace()

    def count(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal steps
        if not frame.f_code.co_filename.endswith("core/approval.py"):
            return None
        steps += event == "line"
        return count

    sys.settrace(count)
    try:
        asking.ask()
        asking.decide(admit=admit)
    finally:
        sys.settrace(tracer)
    assert len(rig.core._approvals) == rooms - 1 + (not admit)
    return steps


def test_other_cookie_does_not_answer_for_a_request_that_waits() -> None:
    """ADM-4: Eve at the same address and with the same nonce has another one."""
    asking = Asking(Rig())
    asking.ask()
    asking.rig.advance(12)
    forged = asking.applicant.join(bytes(20), asking.host.code)
    outcome = asking.rig.send(forged, asking.applicant.address)

    assert outcome.answers == [Error(code=ErrorCode.COOKIE_INVALID)]
