"""Topic msgpack, valid values: every form at its first and its last value."""

from collections.abc import Iterator
from typing import TypeAlias

from tests.support.vector_cases.build import Case, Json, pack, unhex

Scalar: TypeAlias = bool | int | str | bytes | None
Value: TypeAlias = Scalar | list["Value"] | dict[int, "Value"]


def cases() -> Iterator[Case]:
    """Yield the valid cases of msgpack.json."""
    yield from _by_hand()
    yield from _integers()
    yield from _strings()
    yield from _containers()


def tagged(value: Value) -> Json:
    """Return a value as vectors write it: one entry that names the type."""
    match value:
        case list():
            return {"array": [tagged(item) for item in value]}
        case dict():
            return {"map": [[str(key), tagged(item)] for key, item in value.items()]}
        case _:
            return _tagged_scalar(value)


def _tagged_scalar(value: Scalar) -> Json:
    match value:
        case bool():
            return {"bool": value}
        case int():
            return {"int": str(value)}
        case str():
            return {"str": value}
        case bytes():
            return {"bin": value.hex()}
        case None:
            return {"nil": True}


def _hand(case_id: str, comment: str, text: str, decoded: dict[str, Json]) -> Case:
    return Case(
        id=case_id, comment=comment, data=unhex(text), decoded=decoded, flags=("independent",)
    )


def _packed(case_id: str, comment: str, value: Value, *flags: str) -> Case:
    decoded = tagged(value)
    assert isinstance(decoded, dict)
    return Case(id=case_id, comment=comment, data=pack(value), decoded=decoded, flags=flags)


def _by_hand() -> Iterator[Case]:
    yield _hand("nil", "c0.", "c0", {"nil": True})
    yield _hand("false", "c2.", "c2", {"bool": False})
    yield _hand("true", "c3.", "c3", {"bool": True})
    yield _hand("int_5", "Positive fixint: the byte itself.", "05", {"int": "5"})
    yield _hand("int_minus_1", "Negative fixint: 0x100 - 1.", "ff", {"int": "-1"})
    yield _hand("int_minus_33", "d0, then 0x100 - 33 = df.", "d0 df", {"int": "-33"})
    yield _hand("str_hi", "Fixstr a0 + 2, then 'hi'.", "a2 6869", {"str": "hi"})
    yield _hand("bin_2", "c4, length 2, two bytes.", "c4 02 00ff", {"bin": "00ff"})
    yield _hand(
        "array_of_all",
        "Fixarray 90 + 5: nil, true, 1, '', empty byte string.",
        "95 c0 c3 01 a0 c400",
        {"array": [{"nil": True}, {"bool": True}, {"int": "1"}, {"str": ""}, {"bin": ""}]},
    )
    yield _hand(
        "map_of_two",
        "Fixmap 80 + 2: 0 to 1, 127 to an empty map.",
        "82 00 01 7f 80",
        {"map": [["0", {"int": "1"}], ["127", {"map": []}]]},
    )


def _integers() -> Iterator[Case]:
    for number in (0, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1):
        yield _packed(f"uint_{number}", "First or last value of its form.", number, "boundary")
    for number in (-32, -128, -129, -(2**15), -(2**15) - 1, -(2**31)):
        comment = "First or last value of its form."
        yield _packed(f"int_minus_{-number}", comment, number, "boundary")


def _strings() -> Iterator[Case]:
    for size in (0, 1, 31, 32, 255, 256):
        yield _packed(f"str_{size}", f"{size} bytes of text.", "x" * size, "boundary")
    for size in (0, 1, 255, 256, 1180):
        yield _packed(f"bin_{size}", f"{size} bytes.", bytes(size), "boundary")
    yield _packed("str_two_bytes", "U+0080 and U+07FF.", "\x80\u07ff", "boundary")
    yield _packed("str_three_bytes", "U+0800 and U+FFFF.", "\u0800\uffff", "boundary")
    yield _packed("str_around_surrogates", "U+D7FF and U+E000.", "\ud7ff\ue000", "boundary")
    yield _packed("str_four_bytes", "U+10000 and U+10FFFF.", "\U00010000\U0010ffff", "boundary")
    yield _packed(
        "str_256_of_4", "64 characters of 4 bytes: length counts bytes.", "\U0001f434" * 64
    )
    yield _packed("str_replacement", "U+FFFD itself is good UTF-8.", "\ufffd")
    yield _packed("str_byte_order_mark", "U+FEFF at the start belongs to the text.", "\ufeffx")
    yield _packed("str_controls", "U+0001, U+001F, U+007F, quote and backslash.", '\x01\x1f\x7f"\\')


def _containers() -> Iterator[Case]:
    for size in (0, 1, 15, 16, 64):
        yield _packed(f"array_{size}", f"{size} items.", [7] * size, "boundary")
        yield _packed(f"map_{size}", f"{size} entries.", dict.fromkeys(range(size), 7), "boundary")
    yield _packed("map_last_keys", "Keys 64 to 127.", dict.fromkeys(range(64, 128)), "boundary")
    yield _packed("depth_4_arrays", "Four arrays.", [[[[]]]], "boundary")
    yield _packed(
        "depth_4_maps", "Four maps, a value in the innermost.", {0: {1: {2: {3: 9}}}}, "boundary"
    )
    yield _packed("depth_4_twice", "Depth is not added up over neighbours.", [[[[1]]], [[[2]]]])
    yield _packed(
        "nodes_256", "1 + 4 arrays + 251 items: 64 + 64 + 64 + 59.", _nodes(256), "boundary"
    )
    yield _packed("nodes_256_keys", "1 + 62 * 2 + 3 for [true] + 2 + 63 * 2.", _keyed(), "boundary")
    yield _packed(
        "map_of_all", "Every type as a value.", {1: None, 2: False, 3: -1, 4: "é", 5: b"\0", 6: [1]}
    )


def _nodes(count: int) -> list[Value]:
    """Return four arrays in an array, `count` nodes in all."""
    items = count - 5
    return [[5] * 64, [5] * 64, [5] * 64, [5] * (items - 192)]


def _keyed() -> dict[int, Value]:
    """Return a map of 64 entries, an array of one and a map of 63 among them: 256 nodes."""
    inner: dict[int, Value] = dict.fromkeys(range(63), True)
    outer: dict[int, Value] = dict.fromkeys(range(64), True)
    return outer | {0: [True], 63: inner}
