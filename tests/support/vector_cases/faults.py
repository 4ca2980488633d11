"""Every field of a message with one fault each, derived from protocol.yaml."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from tests.support.vector_cases.build import Values, messages

# What the msgpack profile refuses before fields are looked at.
MAX_ITEMS: Final = 64
MAX_BIN: Final = 1180  # bytes


class Fault(NamedTuple):
    """One field made wrong in an otherwise valid message."""

    id: str
    comment: str
    values: Values
    drop: str


def faults(name: str, values: Values) -> Iterator[Fault]:
    """Yield the message without each required field, then with each field wrong."""
    for part in messages()[name]["fields"]:
        key = part["name"]
        start = f"{name}_{key}".lower()
        if not part.get("optional"):
            rest = {other: value for other, value in values.items() if other != key}
            yield Fault(f"{start}_missing", f"{name} without {key}.", rest, "missing_field")
        for label, wrong in _wrong_values(part):
            comment = f"{name} whose {key} is {label.replace('_', ' ')}."
            yield Fault(f"{start}_{label}", comment, {**values, key: wrong}, "bad_field")


def _wrong_values(part: dict[str, Any]) -> Iterator[tuple[str, object]]:
    by_type: dict[str, Callable[[dict[str, Any]], Iterator[tuple[str, object]]]] = {
        "uint": _wrong_numbers,
        "bool": _wrong_flags,
        "bytes": _wrong_bytes,
        "str": _wrong_texts,
        "records": _wrong_records,
    }
    return by_type[part["type"]](part)


def _wrong_flags(_part: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield from (("nil", None), ("the_number_1", 1), ("the_text_true", "true"))


def _wrong_texts(part: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield from (("nil", None), ("a_number", 7), ("bytes", b"K7QM2XPA"))
    yield "too_long", "X" * (part["max"] + 1)
    yield "too_long_in_bytes", "é" * (part["max"] // 2) + "X"


def _wrong_numbers(part: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield from (("nil", None), ("true", True), ("negative", -1), ("a_text", "1"))
    if part.get("min", 0) > 0:
        yield "too_small", part["min"] - 1
    if part["max"] < 2**32 - 1:
        yield "too_large", part["max"] + 1


def _wrong_bytes(part: dict[str, Any]) -> Iterator[tuple[str, object]]:
    sizes = part.get("sizes")
    yield from (("nil", None), ("a_text", "x" * (sizes[0] if sizes else 1)))
    if sizes is None:
        if part["max"] < MAX_BIN:
            yield "too_long", bytes(part["max"] + 1)
        return
    yield "empty", b""
    for size in sizes:
        yield f"{size - 1}_bytes", bytes(size - 1)
        yield f"{size + 1}_bytes", bytes(size + 1)


def _wrong_records(part: dict[str, Any]) -> Iterator[tuple[str, object]]:
    record = [1] * len(part["of"])
    yield from (("nil", None), ("a_map", {}), ("flat", record), ("records_of_nothing", [[]]))
    if part["max"] < MAX_ITEMS:
        yield "one_too_many", [record] * (part["max"] + 1)
    yield "with_a_short_record", [record, record[:-1]]
    yield "with_a_long_record", [record, [*record, 1]]
    yield "with_a_negative", [[*record[:-1], -1]]
    yield "with_true", [[True, *record[1:]]]
    yield "with_nil", [[*record[:-1], None]]
    yield "with_a_text", [[*record[:-1], "1"]]
    yield "with_a_map_as_record", [{0: 1}]
