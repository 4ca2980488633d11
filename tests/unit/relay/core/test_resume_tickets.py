"""Tests of resume tickets."""

import pytest

from packhorse.wire.constants import Topology
from packhorse.wire.room_code import RoomCode
from packhorse_relay.core.resume_tickets import ResumeTickets, TicketContent

SECRET = bytes(range(32))
CONTENT = TicketContent(
    0xFFFFFFFF, b"n" * 16, 2**31 - 1, 2**31, Topology.STAR, 1024, RoomCode("K7QM2XPA")
)


def run(number: int, secret: bytes = SECRET, now: float = 0.0) -> ResumeTickets:
    return ResumeTickets(secret, number.to_bytes(8, "big"), unix_now=1e9 + now, now=now)


def test_later_run_reads_what_an_earlier_one_made() -> None:
    ticket = run(1).make(CONTENT, 90.0, now=0.0)

    assert run(2).read(ticket, now=90.0) == CONTENT
    assert run(2).read(ticket, now=91.5) is None
    assert len(ticket) == 69


@pytest.mark.parametrize("is_guarded", [False, True])
@pytest.mark.parametrize("app", [None, "", "tag", "\u00e9" * 32])
def test_ticket_tells_who_was_admitted(app: str | None, *, is_guarded: bool) -> None:
    content = CONTENT._replace(is_guarded=is_guarded, app=app)
    ticket = run(1).make(content, 90.0, now=0.0)

    assert run(2).read(ticket, now=0.0) == content
    assert len(ticket) == 69 + len((app or "").encode())


@pytest.mark.parametrize("restarts", [1, 63])
def test_ticket_tells_how_often_its_member_was_restarted(restarts: int) -> None:
    """RES-13."""
    content = CONTENT._replace(restarts=restarts)

    assert run(2).read(run(1).make(content, 90.0, now=0.0), now=0.0) == content


def test_own_run_reads_nothing_that_it_made() -> None:
    """RES-6: what is not there any more has ended."""
    ticket = run(1).make(CONTENT, 90.0, now=0.0)

    assert run(1).read(ticket, now=0.0) is None


@pytest.mark.parametrize("size", [0, 1, 16, 51, 68, 70])
def test_other_sizes_are_no_tickets(size: int) -> None:
    ticket = run(1).make(CONTENT, 90.0, now=0.0) + b"x"

    assert run(2).read(ticket[:size], now=0.0) is None


def test_runs_with_different_clocks_agree_on_the_end() -> None:
    ticket = ResumeTickets(SECRET, b"1" * 8, unix_now=5000.0, now=77.0).make(
        CONTENT, 10.0, now=78.0
    )
    later = ResumeTickets(SECRET, b"2" * 8, unix_now=5010.0, now=3.0)

    assert later.read(ticket, now=4.0) == CONTENT
    assert later.read(ticket, now=5.0) is None


def test_session_keys_are_those_of_every_run_with_the_secret() -> None:
    keys = {tickets.session_key(7, b"n" * 16) for tickets in (run(1), run(2))}
    others = {run(1).session_key(8, b"n" * 16), run(1, bytes(32)).session_key(7, b"n" * 16)}

    assert len(keys) == 1
    assert len(keys | others) == 3


def test_ticket_does_not_hold_the_key() -> None:
    tickets = run(1)
    key = tickets.session_key(CONTENT.session, CONTENT.key_nonce)

    assert key[:8] not in tickets.make(CONTENT, 90.0, now=0.0)
