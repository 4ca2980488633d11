"""The reader of the vectors refuses what the README does not allow."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.vectors import VectorFormatError, check_schema, parse_case, read_json

GOOD: dict[str, Any] = {
    "id": "a",
    "comment": "One.",
    "bytes": "00ff",
    "result": "valid",
    "decoded": {},
}


def test_valid_case_is_encoded_to_its_bytes_unless_it_says_otherwise() -> None:
    plain = parse_case("topic", GOOD, set())
    other = parse_case("topic", {**GOOD, "reencoded": "01"}, set())

    assert (plain.encoded, other.encoded) == (b"\x00\xff", b"\x01")


@pytest.mark.parametrize(
    "change",
    [
        {"result": "acceptable"},
        {"bytes": "00FF"},
        {"flags": ["unheard-of"]},
        {"drop": "truncated"},
        {"extra": "x"},
        {"result": "invalid"},
    ],
    ids=str,
)
def test_case_that_is_not_as_described_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(VectorFormatError):
        parse_case("topic", {**GOOD, **change}, {"attack"})


@pytest.mark.parametrize("text", ["1", "1.5", "NaN", "-3"])
def test_bare_number_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(f'{{"count": {text}}}')

    with pytest.raises(VectorFormatError, match="is not written as a string"):
        read_json(path)


@pytest.mark.parametrize(
    "content", [{"schema": "2", "wire_version": "1"}, {"schema": "1", "wire_version": "2"}]
)
def test_other_schema_or_wire_version_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(VectorFormatError):
        check_schema(content)
