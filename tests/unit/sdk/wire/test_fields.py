"""What a field of a control message accepts."""

from typing import Any

import pytest

from packhorse.wire.fields import Field, FieldType

NUMBER = Field(1, "number", FieldType.UINT, minimum=2, maximum=5)
FLAG = Field(1, "flag", FieldType.BOOL)
TEXT = Field(1, "text", FieldType.STR, maximum=4)
FREE = Field(1, "free", FieldType.BYTES, maximum=3)
FIXED = Field(1, "fixed", FieldType.BYTES, sizes=(6, 18))
PAIRS = Field(1, "pairs", FieldType.RECORDS, maximum=2, width=2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (NUMBER, 2),
        (NUMBER, 5),
        (FLAG, True),
        (FLAG, False),
        (TEXT, ""),
        (TEXT, "abcd"),
        (TEXT, "éé"),
        (FREE, b""),
        (FREE, b"abc"),
        (FIXED, bytes(6)),
        (FIXED, bytes(18)),
        (PAIRS, []),
        (PAIRS, ()),
        (PAIRS, [[0, 1], (2, 2**32)]),
    ],
)
def test_field_accepts(field: Field, value: object) -> None:
    assert field.accepts(value) is True


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (NUMBER, 1),
        (NUMBER, 6),
        (NUMBER, True),
        (NUMBER, 3.0),
        (NUMBER, "3"),
        (NUMBER, None),
        (FLAG, 1),
        (FLAG, 0),
        (FLAG, None),
        (TEXT, "abcde"),
        (TEXT, "ééa"),
        (TEXT, "\ud800\ud800"),
        (TEXT, b"abc"),
        (TEXT, None),
        (FREE, b"abcd"),
        (FREE, bytearray(2)),
        (FREE, "abc"),
        (FIXED, b""),
        (FIXED, bytes(7)),
        (FIXED, bytes(19)),
        (PAIRS, [[0, 1]] * 3),
        (PAIRS, [[0]]),
        (PAIRS, [[0, 1, 2]]),
        (PAIRS, [[0, -1]]),
        (PAIRS, [[0, True]]),
        (PAIRS, [[0, None]]),
        (PAIRS, [0, 1]),
        (PAIRS, ["ab"]),
        (PAIRS, {0: 1}),
        (PAIRS, None),
    ],
)
def test_field_refuses(field: Field, value: Any) -> None:
    assert field.accepts(value) is False
