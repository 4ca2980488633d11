"""Tests of whom the relay serves."""

from dataclasses import replace

import pytest

from packhorse.core.credentials import Access
from packhorse.wire.constants import ErrorCode
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.messages import Create
from packhorse.wire.ticket import Permission, Ticket, show_secret, sign_ticket
from packhorse_relay.core.tickets import OPEN_GATE, Gate, OperatorKeys, Pass

KEY = bytes(range(32))
ACCESS_KEY = bytes(range(32, 64))
COOKIE = bytes(20)
NOW = 1_000_000.0  # seconds since 1970
BOTH = Permission.CREATE | Permission.JOIN
TICKET = Ticket(id=bytes(8), permissions=BOTH, expires_at=int(NOW) + 1, app="tag", max_peers=4)
KEYS = OperatorKeys(ticket_key=KEY, access_key=ACCESS_KEY)


def gate(mode: str = "all", keys: OperatorKeys = KEYS) -> Gate:
    return Gate(mode, keys, lambda: NOW)


def request(access: Access | None = None) -> Create:
    fields = (access or Access()).fields(COOKIE)
    return Create(
        version_min=1,
        version_max=1,
        features=0,
        nonce=bytes(16),
        cookie=COOKIE,
        max_datagram=1200,
        **fields,
    )


def with_ticket(ticket: Ticket, key: bytes = KEY) -> Create:
    return request(Access(ticket=show_secret(sign_ticket(ticket, key))))


@pytest.mark.parametrize(
    ("mode", "asked"),
    [("off", []), ("create", [Permission.CREATE]), ("all", [Permission.CREATE, Permission.JOIN])],
)
def test_mode_says_who_needs_a_ticket(mode: str, asked: list[Permission]) -> None:
    """ADM-1."""
    for permission in Permission:
        needed = gate(mode).check(request(), permission) == ErrorCode.TICKET_REQUIRED
        assert needed == (permission in asked)


def test_open_gate_serves_everybody() -> None:
    assert OPEN_GATE.check(request(), Permission.CREATE) == Pass()


def test_good_ticket_tells_application_and_size() -> None:
    assert gate().check(with_ticket(TICKET), Permission.JOIN) == Pass("tag", 4)
    unbound = replace(TICKET, app="", max_peers=0)
    assert gate().check(with_ticket(unbound), Permission.JOIN) == Pass("", None)


@pytest.mark.parametrize(
    "ticket",
    [
        replace(TICKET, expires_at=int(NOW)),
        replace(TICKET, expires_at=0),
        replace(TICKET, permissions=Permission.JOIN),
        replace(TICKET, permissions=Permission(0)),
    ],
    ids=["expires now", "expired", "only for joining", "for nothing"],
)
def test_ticket_that_is_over_or_for_something_else_is_refused(ticket: Ticket) -> None:
    """ADM-3."""
    answer = gate().check(with_ticket(ticket), Permission.CREATE)

    assert answer == ErrorCode.TICKET_INVALID


def test_only_listed_applications_are_served() -> None:
    """ADM-3."""
    listed = replace(KEYS, apps=frozenset({"chess", "go"}))
    answers = [
        gate(keys=listed).check(with_ticket(replace(TICKET, app=app)), Permission.CREATE)
        for app in ("chess", "tag", "")
    ]

    assert answers == [Pass("chess", 4), ErrorCode.TICKET_INVALID, ErrorCode.TICKET_INVALID]


def test_ticket_of_another_operator_is_refused() -> None:
    """ADM-2."""
    answer = gate().check(with_ticket(TICKET, bytes(32)), Permission.CREATE)

    assert answer == ErrorCode.TICKET_INVALID


def test_access_proof_is_as_good_as_a_ticket() -> None:
    """ADM-4."""
    good = request(Access(key=show_secret(ACCESS_KEY)))
    wrong = request(Access(key=show_secret(bytes(16))))

    assert gate().check(good, Permission.CREATE) == Pass()
    assert gate().check(wrong, Permission.CREATE) == ErrorCode.TICKET_INVALID
    elsewhere = replace(good, cookie=b"\1" * 20)
    assert gate().check(elsewhere, Permission.CREATE) == ErrorCode.TICKET_INVALID


def test_what_the_relay_has_no_key_for_is_refused() -> None:
    tickets_only = gate(keys=OperatorKeys(ticket_key=KEY))
    access_only = gate(keys=OperatorKeys(access_key=ACCESS_KEY))
    proof = request(Access(key=show_secret(ACCESS_KEY)))

    assert tickets_only.check(proof, Permission.CREATE) == ErrorCode.TICKET_INVALID
    answer = access_only.check(with_ticket(TICKET), Permission.CREATE)
    assert answer == ErrorCode.TICKET_INVALID


@pytest.mark.parametrize("mode", ["create", "all"])
def test_asking_for_tickets_without_a_key_is_refused(mode: str) -> None:
    with pytest.raises(ConfigurationError, match="no key"):
        Gate(mode, OperatorKeys(), lambda: NOW)


def test_changed_gate_goes_by_its_new_keys_and_mode() -> None:
    changed = gate("all", KEYS)

    changed.change("create", OperatorKeys(ticket_key=ACCESS_KEY))

    assert changed.check(with_ticket(TICKET), Permission.CREATE) == ErrorCode.TICKET_INVALID
    assert changed.check(with_ticket(TICKET, ACCESS_KEY), Permission.CREATE) == Pass("tag", 4)
    assert changed.check(request(), Permission.JOIN) == Pass()


def test_gate_that_would_have_no_key_stays_as_it_is() -> None:
    unchanged = gate("all", KEYS)

    with pytest.raises(ConfigurationError, match="no key"):
        unchanged.change("all", OperatorKeys())

    assert unchanged.check(with_ticket(TICKET), Permission.CREATE) == Pass("tag", 4)
