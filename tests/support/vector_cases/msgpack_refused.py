"""Topic msgpack, refused bytes: one fault each."""

from collections.abc import Iterator

from tests.support.vector_cases.build import Case, pack, unhex


def cases() -> Iterator[Case]:
    """Yield the invalid cases of msgpack.json."""
    yield from _truncated()
    yield from _trailing()
    yield from _forbidden()
    yield from _not_shortest()
    yield from _out_of_range()
    yield from _too_long()
    yield from _bad_utf8()
    yield from _keys()
    yield from _deep()
    yield from _many()
    yield from _order_of_checks()


def _case(case_id: str, comment: str, data: str | bytes, drop: str, *flags: str) -> Case:
    raw = unhex(data) if isinstance(data, str) else data
    return Case(id=case_id, comment=comment, data=raw, drop=drop, flags=flags)


def _truncated() -> Iterator[Case]:
    for case_id, comment, text in (
        ("cut_nothing", "No byte at all.", ""),
        ("cut_uint8", "cc without its number.", "cc"),
        ("cut_uint16", "cd with one byte of two.", "cd 01"),
        ("cut_uint32", "ce with three bytes of four.", "ce 000100"),
        ("cut_uint64", "cf with seven bytes of eight.", "cf 00000001000000"),
        ("cut_int8", "d0 without its number.", "d0"),
        ("cut_int16", "d1 with one byte of two.", "d1 80"),
        ("cut_int32", "d2 with three bytes of four.", "d2 800000"),
        ("cut_int64", "d3 with seven bytes of eight.", "d3 80000000000000"),
        ("cut_fixstr", "Fixstr of 2 with one byte.", "a2 68"),
        ("cut_str8", "d9 without its length.", "d9"),
        ("cut_str8_text", "d9 of 32 bytes with 31.", "d9 20" + "78" * 31),
        ("cut_str16", "da with one byte of its length.", "da 01"),
        ("cut_str16_text", "da of 256 bytes with none.", "da 0100"),
        ("cut_str32", "db with three bytes of its length.", "db 000100"),
        ("cut_bin8", "c4 without its length.", "c4"),
        ("cut_bin8_data", "c4 of 1 byte with none.", "c4 01"),
        ("cut_bin16", "c5 with one byte of its length.", "c5 01"),
        ("cut_bin16_data", "c5 of 1180 bytes with 1179.", "c5 049c" + "00" * 1179),
        ("cut_bin32", "c6 with three bytes of its length.", "c6 000100"),
        ("cut_array16", "dc with one byte of its length.", "dc 00"),
        ("cut_array32", "dd with three bytes of its length.", "dd 000100"),
        ("cut_map16", "de with one byte of its length.", "de 00"),
        ("cut_map32", "df with three bytes of its length.", "df 000100"),
        ("cut_fixarray", "Array of 2 with one item.", "92 01"),
        ("cut_array_item", "The second item lacks its number.", "92 01 cc"),
        ("cut_fixmap", "Map of 1 with a key only.", "81 00"),
        ("cut_map_value", "The value lacks its number.", "81 00 cc"),
        ("cut_map_second", "Map of 2: one long value, no second entry.", "82 00 a3 616263"),
        ("cut_map_second_value", "Map of 2: the second key has no value.", "82 00 a1 61 01"),
    ):
        yield _case(case_id, comment, text, "truncated")
    yield _case(
        "array_claims_64",
        "Array of 64 with 63 bytes left.",
        "dc 0040" + "00" * 63,
        "truncated",
        "attack",
    )
    yield _case(
        "map_claims_64",
        "Map of 64 with 127 bytes left.",
        "de 0040" + "00" * 127,
        "truncated",
        "attack",
    )


def _trailing() -> Iterator[Case]:
    yield _case("trailing_nil", "A second value.", "c0 c0", "trailing_bytes")
    yield _case(
        "trailing_zero_after_map", "One zero byte after a map.", "81 00 01 00", "trailing_bytes"
    )
    yield _case("trailing_invalid", "What follows is not read.", "80 c1", "trailing_bytes")
    yield _case(
        "trailing_padding",
        "1000 zero bytes after a map.",
        "80" + "00" * 1000,
        "trailing_bytes",
        "attack",
    )


def _forbidden() -> Iterator[Case]:
    for case_id, comment, text in (
        ("c1", "The byte that msgpack never uses.", "c1"),
        ("float32_zero", "ca: float 0.0.", "ca 00000000"),
        ("float32_nan", "ca: not a number.", "ca 7fc00000"),
        ("float64_one", "cb: float 1.0.", "cb 3ff0000000000000"),
        ("float64_nan", "cb: not a number.", "cb 7ff8000000000000"),
        ("float64_infinity", "cb: infinity.", "cb 7ff0000000000000"),
        ("ext8", "c7: extension of 1 byte, type 5.", "c7 01 05 00"),
        ("ext8_timestamp", "c7: timestamp of 12 bytes.", "c7 0c ff" + "ff" * 12),
        ("ext16", "c8: extension.", "c8 0001 05 00"),
        ("ext32_huge", "c9: extension of 2^32-1 bytes.", "c9 ffffffff 05"),
        ("fixext1", "d4: extension.", "d4 05 00"),
        ("fixext2", "d5: extension.", "d5 05 0000"),
        ("fixext4_timestamp", "d6: timestamp.", "d6 ff 00000000"),
        ("fixext8", "d7: extension.", "d7 05" + "00" * 8),
        ("fixext16", "d8: extension.", "d8 05" + "00" * 16),
        ("float_in_array", "A float is no better inside.", "91 ca 00000000"),
        ("nan_in_map", "As a value under an unknown key.", "81 70 cb 7ff8000000000000"),
        ("float_cut", "The type is refused before its bytes are read.", "cb"),
    ):
        yield _case(f"forbidden_{case_id}", comment, text, "forbidden_type")


def _not_shortest() -> Iterator[Case]:
    for case_id, comment, text in (
        ("uint8_127", "127 is a fixint.", "cc 7f"),
        ("uint8_0", "0 is a fixint.", "cc 00"),
        ("uint16_255", "255 fits cc.", "cd 00ff"),
        ("uint32_65535", "65535 fits cd.", "ce 0000ffff"),
        ("uint64_max", "2^32-1 fits ce.", "cf 00000000ffffffff"),
        ("int8_minus_32", "-32 is a fixint.", "d0 e0"),
        ("int8_minus_1", "-1 is a fixint.", "d0 ff"),
        ("int16_minus_128", "-128 fits d0.", "d1 ff80"),
        ("int32_minus_32768", "-32768 fits d1.", "d2 ffff8000"),
        ("int64_minus_2_31", "-2^31 fits d2.", "d3 ffffffff80000000"),
        ("int8_0", "0 in a signed form.", "d0 00"),
        ("int8_127", "127 in a signed form.", "d0 7f"),
        ("int16_128", "128 in a signed form: cc 80.", "d1 0080"),
        ("int16_32767", "A form without sign is the one, though it is as long.", "d1 7fff"),
        ("int32_max", "2^31-1 in a signed form.", "d2 7fffffff"),
        ("int64_2_31", "2^31 in a signed form: ce 80000000.", "d3 0000000080000000"),
        ("int64_2_32", "Not negative in a signed form, before the range.", "d3 0000000100000000"),
        ("int64_max", "2^63-1 likewise.", "d3 7fffffffffffffff"),
        ("str8_empty", "A string of 0 bytes is fixstr.", "d9 00"),
        ("str8_31", "31 bytes fit fixstr.", "d9 1f" + "78" * 31),
        ("str16_255", "255 bytes fit d9.", "da 00ff" + "78" * 255),
        ("str32_1", "1 byte in the longest form.", "db 00000001 78"),
        ("str32_65535", "65535 bytes would fit da.", "db 0000ffff"),
        ("bin16_255", "255 bytes fit c4.", "c5 00ff" + "00" * 255),
        ("bin32_0", "No byte in the longest form.", "c6 00000000"),
        ("bin32_65535", "65535 bytes would fit c5.", "c6 0000ffff"),
        ("array16_0", "Empty array in the long form.", "dc 0000"),
        ("array16_15", "15 items fit fixarray.", "dc 000f" + "00" * 15),
        ("array32_16", "16 items fit dc.", "dd 00000010" + "00" * 16),
        ("array32_65535", "65535 items would fit dc.", "dd 0000ffff"),
        ("map16_15", "15 entries fit fixmap.", "de 000f" + _entries(15)),
        ("map16_0", "Empty map in the long form.", "de 0000"),
        ("map16_1", "1 entry fits fixmap.", "de 0001 00 00"),
        ("map32_1", "1 entry fits fixmap.", "df 00000001 00 00"),
        ("map32_65535", "65535 entries would fit de.", "df 0000ffff"),
        ("in_array", "No better inside.", "91 cc 01"),
        ("in_map", "As a value under an unknown key.", "81 70 cd 0001"),
    ):
        yield _case(f"long_{case_id}", comment, text, "not_shortest", "canonical")


def _entries(count: int) -> str:
    """Return entries of a map: ascending keys, all to 0."""
    return "".join(f"{key:02x}00" for key in range(count))


def _out_of_range() -> Iterator[Case]:
    for case_id, comment, text in (
        ("2_32", "2^32.", "cf 0000000100000000"),
        ("2_53_plus_1", "2^53+1, which a double cannot hold.", "cf 0020000000000001"),
        ("2_63", "2^63, negative for 64-bit signed readers.", "cf 8000000000000000"),
        ("2_64_minus_1", "2^64-1, -1 for 64-bit signed readers.", "cf ffffffffffffffff"),
        ("minus_2_31_minus_1", "-2^31-1.", "d3 ffffffff7fffffff"),
        ("minus_2_63", "-2^63.", "d3 8000000000000000"),
    ):
        yield _case(f"range_{case_id}", comment, text, "out_of_range", "boundary")


def _too_long() -> Iterator[Case]:
    yield _case("str_257", "257 bytes of text.", "da 0101" + "78" * 257, "too_long", "boundary")
    yield _case("bin_1181", "1181 bytes.", "c5 049d" + "00" * 1181, "too_long", "boundary")
    yield _case("str_65535", "Claims 65535 bytes.", "da ffff 78", "too_long", "attack")
    yield _case("bin_65535", "Claims 65535 bytes.", "c5 ffff 00", "too_long", "attack")
    yield _case("str_65536", "Claims 65536 bytes.", "db 00010000", "too_long", "attack")
    yield _case("bin_65536", "Claims 65536 bytes.", "c6 00010000", "too_long", "attack")
    yield _case("str_claims_4_gib", "Claims 2^32-1 bytes.", "db ffffffff", "too_long", "attack")
    yield _case("bin_claims_4_gib", "Claims 2^32-1 bytes.", "c6 ffffffff", "too_long", "attack")
    yield _case(
        "bin_claims_2_gib",
        "Claims 2^31 bytes, negative as 32-bit signed.",
        "c6 80000000",
        "too_long",
        "attack",
    )
    yield _case("bin_claims_inside", "Within a map.", "81 00 c6 ffffffff", "too_long", "attack")


def _bad_utf8() -> Iterator[Case]:
    for case_id, comment, text in (
        ("nul", "U+0000.", "a1 00"),
        ("nul_inside", "U+0000 between letters.", "a3 610062"),
        ("nul_at_end", "U+0000 at the end.", "a2 6100"),
        ("overlong_nul", "U+0000 in two bytes.", "a2 c080"),
        ("overlong_2", "'/' in two bytes.", "a2 c0af"),
        ("overlong_2_last", "U+007F in two bytes.", "a2 c1bf"),
        ("overlong_3", "'/' in three bytes.", "a3 e080af"),
        ("overlong_3_last", "U+07FF in three bytes.", "a3 e09fbf"),
        ("overlong_4", "'/' in four bytes.", "a4 f08080af"),
        ("overlong_4_last", "U+FFFF in four bytes.", "a4 f08fbfbf"),
        ("surrogate_first", "U+D800.", "a3 eda080"),
        ("surrogate_last", "U+DFFF.", "a3 edbfbf"),
        (
            "surrogate_pair",
            "U+D83D U+DE00: a character written as two surrogates.",
            "a6 eda0bdedb880",
        ),
        ("above_10ffff", "U+110000.", "a4 f4908080"),
        ("lead_f5", "f5 never occurs.", "a4 f5808080"),
        ("lead_f8", "Five bytes.", "a5 f888808080"),
        ("lead_fc", "Six bytes.", "a6 fc8480808080"),
        ("byte_fe", "fe never occurs.", "a1 fe"),
        ("byte_ff", "ff never occurs.", "a1 ff"),
        ("continuation_alone", "A continuation byte first.", "a1 80"),
        ("continuation_too_many", "é and another continuation byte.", "a3 c3a9a9"),
        ("cut_2", "One byte of two, then the end of the string.", "a1 c3"),
        ("cut_3", "Two bytes of three.", "a2 e282"),
        ("cut_4", "Three bytes of four.", "a3 f09f90"),
        ("cut_then_letter", "One byte of two, then a letter.", "a2 c361"),
        ("cut_borrows", "The missing byte follows the string.", "92 a1 c3 a9"),
        ("utf16_mark", "A byte order mark of UTF-16.", "a2 fffe"),
    ):
        yield _case(f"utf8_{case_id}", comment, text, "bad_utf8")


def _keys() -> Iterator[Case]:
    for case_id, comment, text in (
        ("128", "Key 128 as cc 80.", "81 cc80 00"),
        ("1_as_uint8", "Key 1 as cc 01: keys are one byte.", "81 cc01 00"),
        ("negative", "Key -1.", "81 ff 00"),
        ("str", "Key 'a'.", "81 a161 00"),
        ("bin", "A byte string as key.", "81 c40100 00"),
        ("nil", "Key nil.", "81 c0 00"),
        ("true", "Key true.", "81 c3 00"),
        ("nan", "Key not a number.", "81 cb7ff8000000000000 00"),
        ("array", "An array as key.", "81 90 00"),
        ("map", "A map as key.", "81 80 00"),
        ("c1", "Key c1.", "81 c1 00"),
        ("second", "The second key is bad.", "82 00 00 a161 00"),
    ):
        yield _case(f"key_{case_id}", comment, text, "bad_key")
    yield _case(
        "key_twice",
        "Key 1 twice, equal values.",
        "82 01 00 01 00",
        "key_order",
        "canonical",
        "attack",
    )
    yield _case(
        "key_twice_differs",
        "Key 0 twice: type 1 or type 2?",
        "82 00 01 00 02",
        "key_order",
        "attack",
    )
    yield _case("key_descends", "2 before 1.", "82 02 00 01 00", "key_order", "canonical")
    yield _case("key_zero_last", "127 before 0.", "82 7f 00 00 00", "key_order", "canonical")
    yield _case("key_twice_apart", "1, 2, 1.", "83 01 00 02 00 01 00", "key_order", "canonical")
    yield _case(
        "key_descends_inside", "In an inner map.", "81 00 82 05 00 04 00", "key_order", "canonical"
    )


def _deep() -> Iterator[Case]:
    for depth in (5, 500, 1400):
        flag = "boundary" if depth == 5 else "attack"
        arrays = b"\x91" * (depth - 1) + b"\x90"
        yield _case(f"depth_{depth}_arrays", f"{depth} arrays.", arrays, "too_deep", flag)
    for depth in (5, 500, 700):
        flag = "boundary" if depth == 5 else "attack"
        maps = b"\x81\x00" * (depth - 1) + b"\x80"
        yield _case(f"depth_{depth}_maps", f"{depth} maps.", maps, "too_deep", flag)
    yield _case(
        "depth_5_mixed",
        "Array, map, array, map, array.",
        "91 81 00 91 81 00 90",
        "too_deep",
        "boundary",
    )
    yield _case(
        "depth_before_count",
        "The fifth is refused before its length.",
        "91 91 91 91 dc ffff",
        "too_deep",
    )


def _many() -> Iterator[Case]:
    yield _case("array_65", "65 items.", "dc 0041" + "00" * 65, "too_many_items", "boundary")
    yield _case(
        "map_65", "65 entries.", pack(dict.fromkeys(range(65), 0)), "too_many_items", "boundary"
    )
    yield _case("array_65535", "Claims 65535 items.", "dc ffff", "too_many_items", "attack")
    yield _case("map_65535", "Claims 65535 entries.", "de ffff", "too_many_items", "attack")
    yield _case(
        "array_claims_4_gi", "Claims 2^32-1 items.", "dd ffffffff", "too_many_items", "attack"
    )
    yield _case(
        "map_claims_4_gi", "Claims 2^32-1 entries.", "df ffffffff", "too_many_items", "attack"
    )
    yield _case(
        "array_claims_inside", "Within a map.", "81 00 dd ffffffff", "too_many_items", "attack"
    )
    full = [[5] * 64] * 3
    yield _case(
        "nodes_257",
        "1 + 4 arrays + 252 items.",
        pack([*full, [5] * 60]),
        "too_many_nodes",
        "boundary",
    )
    yield _case(
        "nodes_257_key", "A key is the 257th.", pack(_with_keys()), "too_many_nodes", "boundary"
    )
    many = pack([[7] * 64] * 20)
    yield _case("nodes_1301", "20 arrays of 64 items.", many, "too_many_nodes", "attack")


def _with_keys() -> object:
    """Return 256 nodes and then a key and a value."""
    return [[5] * 64, [5] * 64, [5] * 64, [5] * 58, {0: True}]


def _order_of_checks() -> Iterator[Case]:
    """One place where two rules meet: the first of the order wins."""
    yield _case("order_length_then_end", "Too long is found before the end.", "da 0101", "too_long")
    yield _case("order_end_then_utf8", "The end is found before the text.", "a3 c080", "truncated")
    yield _case(
        "order_items_then_end", "Too many items before the end.", "dc 0041", "too_many_items"
    )
    yield _case(
        "order_key_then_value", "The key is judged before its value.", "82 01 c0 01 c1", "key_order"
    )
    yield _case(
        "order_inner_first", "What comes first in the bytes counts.", "92 c1 cc", "forbidden_type"
    )
