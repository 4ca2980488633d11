"""Room codes."""

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse.wire.room_code import (
    encode_room_code,
    is_room_code,
    parse_room_code,
    show_room_code,
)


def test_code_of_five_bytes_has_eight_symbols() -> None:
    assert encode_room_code(bytes.fromhex("99ef4176ca")) == "K7QM2XPA"


def test_code_looks_at_five_bytes_only() -> None:
    assert encode_room_code(bytes.fromhex("99ef4176caffff")) == "K7QM2XPA"


def test_code_is_shown_in_two_halves() -> None:
    assert show_room_code("K7QM2XPA") == "K7QM-2XPA"


@pytest.mark.parametrize("text", ["K7QM2XPA", "00000000", "ZZZZZZZZ"])
def test_canonical_form_is_a_code(text: str) -> None:
    assert is_room_code(text)


@pytest.mark.parametrize(
    "text", ["", "K7QM2XP", "K7QM2XPAA", "K7QM-2XPA", "k7qm2xpa", "K7QM2XPO", "K7QM2XPU"]
)
def test_other_forms_are_no_code(text: str) -> None:
    assert not is_room_code(text)


@pytest.mark.parametrize("text", ["K7QM-2XPA\n", "\tk7qm 2xpa\r\n", "  K7QM2XPA"])
def test_white_space_around_a_code_does_not_matter(text: str) -> None:
    assert parse_room_code(text) == "K7QM2XPA"


def test_refusal_quotes_the_text_and_says_what_a_code_looks_like() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_room_code("hello?")

    assert caught.value.problem == "'hello?' is no room code"
    assert "K7QM-2XPA" in caught.value.advice
