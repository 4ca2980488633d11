"""Tests of tickets and of keys as people copy them; the vectors test the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ConfigurationError, ParseError
from packhorse.wire.ticket import (
    Permission,
    Ticket,
    open_ticket,
    parse_key,
    parse_secret,
    show_secret,
    sign_ticket,
)

KEY = bytes(range(32))
TICKET = Ticket(id=bytes(8), permissions=Permission.CREATE, expires_at=1, app="app", max_peers=4)


def test_ticket_says_what_it_was_given() -> None:
    assert open_ticket(sign_ticket(TICKET, KEY), KEY) == TICKET


@given(place=st.integers(0, 38), bit=st.integers(0, 7))
def test_ticket_with_any_bit_altered_is_refused_by_its_mac(place: int, bit: int) -> None:
    """ADM-2: nothing of it is read before."""
    data = bytearray(sign_ticket(TICKET, KEY))
    data[place] ^= 1 << bit
    with pytest.raises(ParseError) as refused:
        open_ticket(bytes(data), KEY)

    assert refused.value.reason is DropReason.BAD_MAC


@given(st.binary(max_size=120))
def test_nonsense_is_no_ticket(data: bytes) -> None:
    with pytest.raises(ParseError):
        open_ticket(data, KEY)


@given(st.binary(min_size=1, max_size=100))
def test_secret_is_shown_and_read_alike(data: bytes) -> None:
    shown = show_secret(data)

    assert parse_secret(f" {shown[:5]}\n {shown[5:]}\t") == data
    assert "=" not in shown


@pytest.mark.parametrize("text", ["", " ", "A", "AB?D", "A+/B", "kéy=", "AB", "AAA=AAAA"])
def test_text_that_is_no_base64url_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_secret(text)

    assert "packhorse ticket" in refused.value.advice


@pytest.mark.parametrize("size", [1, 15])
def test_short_key_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{size} bytes"):
        parse_key(show_secret(bytes(size)))


def test_key_of_16_bytes_is_taken() -> None:
    assert parse_key(show_secret(bytes(16))) == bytes(16)
