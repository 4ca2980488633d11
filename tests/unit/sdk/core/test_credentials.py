"""Tests of what a member shows to a relay."""

import pytest

from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.proofs import access_proof
from packhorse.wire.ticket import show_secret

COOKIE = bytes(20)
KEY = bytes(range(16))


def test_without_anything_nothing_is_shown() -> None:
    assert NO_ACCESS.fields(COOKIE) == {"ticket": None, "access": None}


def test_ticket_is_shown_as_it_is() -> None:
    fields = Access(ticket=show_secret(b"ticket")).fields(COOKIE)

    assert fields == {"ticket": b"ticket", "access": None}


def test_access_key_is_proven_and_never_shown() -> None:
    """ADM-4."""
    fields = Access(key=show_secret(KEY)).fields(COOKIE)

    assert fields == {"ticket": None, "access": access_proof(KEY, COOKIE)}


@pytest.mark.parametrize("given", [{"ticket": "?"}, {"key": "?"}, {"key": "AAAA"}, {"ticket": ""}])
def test_what_cannot_be_read_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Access(**given)


def test_ticket_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="101 bytes"):
        Access(ticket=show_secret(bytes(101)))
