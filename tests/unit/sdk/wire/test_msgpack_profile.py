"""The msgpack profile; the vectors hold the forms and the refusals."""

from enum import IntEnum
from typing import Any

import msgpack
import pytest

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.msgpack_profile import Value, decode_value, encode_value


class Number(IntEnum):
    """A number with a name."""

    SEVEN = 7


def nested(depth: int) -> Value:
    """Return `depth` arrays, one within the other."""
    value: Value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_map_keys_are_written_in_ascending_order() -> None:
    """MSG-3."""
    assert encode_value({5: 1, 0: {3: 0, 2: 0}}) == bytes.fromhex("82 00 82 02 00 03 00 05 01")


def test_tuple_is_written_as_an_array() -> None:
    value: Any = ((1, 2), ())

    assert encode_value(value) == bytes.fromhex("92 92 01 02 90")


def test_maps_within_arrays_are_written_in_order_too() -> None:
    assert encode_value([{1: 0, 0: 0}]) == bytes.fromhex("91 82 00 00 01 00")


def test_named_number_is_written_as_its_number() -> None:
    assert encode_value(Number.SEVEN) == b"\x07"


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**32,
        -(2**31) - 1,
        2**64,
        "x" * 257,
        "a\0",
        "\ud800",
        bytes(1181),
        [0] * 65,
        [[0] * 63] * 5,
        nested(5),
        nested(600),
        nested(5000),
        {128: 0},
        {-1: 0},
        {"a": 0},
        {"a": 0, 1: 0},
        {True: 0},
        {None: 0},
        {(1,): 0},
        object(),
        {1, 2},
        msgpack.Timestamp(0),
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_value_outside_the_profile_is_not_encoded(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="msgpack profile"):
        encode_value(value)


def test_error_of_the_encoder_says_why() -> None:
    with pytest.raises(LocalProtocolError, match="out_of_range"):
        encode_value(2**32)


@pytest.mark.parametrize(
    ("text", "reason", "offset"),
    [
        ("", DropReason.TRUNCATED, 0),
        ("c0 c0", DropReason.TRAILING_BYTES, 1),
        ("92 01 c1", DropReason.FORBIDDEN_TYPE, 3),
        ("82 01 c0 01 c0", DropReason.KEY_ORDER, 4),
    ],
)
def test_refusal_names_reason_and_place(text: str, reason: DropReason, offset: int) -> None:
    """MSG-1."""
    with pytest.raises(ParseError) as caught:
        decode_value(bytes.fromhex(text))

    assert (caught.value.reason, caught.value.offset) == (reason, offset)


def test_bad_utf8_hides_the_error_of_the_codec() -> None:
    with pytest.raises(ParseError) as caught:
        decode_value(b"\xa1\xff")

    assert caught.value.__suppress_context__
