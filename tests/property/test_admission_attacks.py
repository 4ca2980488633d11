"""Attacks on admission: tickets, passwords, approval and the room list."""

from dataclasses import replace
from typing import Final

import pytest

from packhorse.core.access import NO_ACCESS, Access, AccessFields
from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.messages import Error, Grant
from packhorse.wire.ticket import Permission, Ticket, show_secret, sign_ticket
from packhorse_relay.core.tickets import Gate, OperatorKeys
from tests.support.relay_harness import UNLIMITED, Applicant, Outcome, Rig, address, nonce

KEY: Final = bytes(range(32))
ACCESS_KEY: Final = bytes(range(100, 132))
UNIX_TIME: Final = 1_700_000_000.0
ABSENT: Final = "00000000"
EVE: Final = address(900)
GOOD: Final = Ticket(
    id=bytes(8),
    permissions=Permission.CREATE | Permission.JOIN,
    expires_at=int(UNIX_TIME) + 60,
    app="tag",
)
DENIED: Final = [Error(code=ErrorCode.JOIN_DENIED)]


def guarded(mode: str = "all") -> Rig:
    """Return a relay that serves holders of tickets and of the access key."""
    keys = OperatorKeys(ticket_key=KEY, access_key=ACCESS_KEY)
    return Rig(UNLIMITED, gate=Gate(mode, keys, lambda: UNIX_TIME))


def holding(ticket: Ticket, key: bytes = KEY) -> Access:
    return Access(ticket=show_secret(sign_ticket(ticket, key)))


def ask_to_create(rig: Rig, access: Access, number: int = 1) -> Outcome:
    applicant = Applicant(address=EVE, nonce=nonce(number))
    return rig.send(applicant.create(rig.cookie(applicant), access=access), EVE)


def ask_to_join(rig: Rig, code: str, access: Access = NO_ACCESS, number: int = 1) -> Outcome:
    applicant = Applicant(address=EVE, nonce=nonce(number))
    return rig.send(applicant.join(rig.cookie(applicant), code, access=access), EVE)


def room_of(rig: Rig, access: Access) -> str:
    grant = ask_to_create(rig, access, number=99).answer
    assert isinstance(grant, Grant)
    return grant.code


FORGED: Final = {
    "no ticket": (NO_ACCESS, ErrorCode.TICKET_REQUIRED),
    "forged": (holding(GOOD, bytes(32)), ErrorCode.TICKET_INVALID),
    "expired": (holding(replace(GOOD, expires_at=int(UNIX_TIME))), ErrorCode.TICKET_INVALID),
    "for nothing": (holding(replace(GOOD, permissions=Permission(0))), ErrorCode.TICKET_INVALID),
    "nonsense": (Access(ticket="A" * 99), ErrorCode.TICKET_INVALID),
    "wrong access key": (Access(key="A" * 24), ErrorCode.TICKET_INVALID),
}


@pytest.mark.parametrize("name", FORGED)
def test_attack_forged_or_expired_ticket_creates_no_room(name: str) -> None:
    """ADM-1, ADM-2, ADM-3."""
    access, code = FORGED[name]
    rig = guarded()
    outcome = ask_to_create(rig, access)

    assert (outcome.drop, outcome.answers) == (DropReason.REFUSED, [Error(code=code)])
    assert rig.core.room_count == 0


@pytest.mark.parametrize("name", FORGED)
def test_attack_forged_or_expired_ticket_tells_nothing_about_a_room(name: str) -> None:
    """ADM-1: the answer is the same whether there is such a room or not."""
    access, code = FORGED[name]
    rig = guarded()
    there = room_of(rig, holding(GOOD))
    outcomes = [ask_to_join(rig, code, access, n) for n, code in enumerate([there, ABSENT], 1)]

    assert [outcome.answers for outcome in outcomes] == [[Error(code=code)]] * 2


def test_attack_ticket_of_a_foreign_application_finds_no_room() -> None:
    """ADM-3: refused like a room that is not there."""
    rig = guarded()
    code = room_of(rig, holding(GOOD))
    foreign = holding(replace(GOOD, app="chess"))
    outcomes = [ask_to_join(rig, each, foreign, n) for n, each in enumerate([code, ABSENT], 1)]

    assert [outcome.answers for outcome in outcomes] == [DENIED, DENIED]
    assert isinstance(ask_to_join(rig, code, holding(GOOD), 3).answer, Grant)


def test_attack_ticket_for_a_small_room_gives_no_large_one() -> None:
    rig = guarded()
    grant = ask_to_create(rig, holding(replace(GOOD, max_peers=3))).answer

    assert isinstance(grant, Grant)
    assert grant.max_peers == 3


def test_attack_access_proof_replayed_with_another_cookie_is_worth_nothing() -> None:
    """ADM-4: Eve has read Bob's CREATE, and puts his proof beside her own cookie."""
    rig = guarded()
    bob = Applicant(address=address(1))
    read = Access(key=show_secret(ACCESS_KEY)).fields(rig.cookie(bob))["access"]

    class Replayed(Access):
        def fields(self, cookie: bytes) -> AccessFields:  # noqa: ARG002
            return {"ticket": None, "access": read}

    assert ask_to_create(rig, Replayed()).answers == [Error(code=ErrorCode.TICKET_INVALID)]


def test_relay_that_asks_hosts_only_lets_everybody_join() -> None:
    """ADM-1."""
    rig = guarded("create")
    code = room_of(rig, Access(key=show_secret(ACCESS_KEY)))

    assert isinstance(ask_to_join(rig, code).answer, Grant)
