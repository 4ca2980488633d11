"""Topics room_code, address and legacy: the small formats."""

from collections.abc import Iterator

from tests.support.vector_cases.build import Case, unhex


def room_codes() -> Iterator[Case]:
    """Yield the cases of room_code.json."""
    by_hand = "40 bits in groups of 5: 10011 00111 10111 10100 00010 11101 10110 01010 = K7QM2XPA."
    yield _code("by_hand", by_hand, "99ef4176ca", "K7QM2XPA", "K7QM2XPA", "independent")
    first = "00000 00001 .. 00111: symbols 0 to 7."
    yield _code("symbols_0_to_7", first, "00443214c7", "01234567", "01234567", "independent")
    yield _code("symbols_8_to_f", "8 to 15.", "4254b635cf", "89ABCDEF", "89abcdef")
    yield _code("symbols_g_to_q", "16 to 23; no I, L or O.", "84653a56d7", "GHJKMNPQ", "ghjkmnpq")
    yield _code("symbols_r_to_z", "24 to 31; no U.", "c675be77df", "RSTVWXYZ", "rstvwxyz")
    yield _code("zeros", "All bits 0.", "0000000000", "00000000", "00000000", "boundary")
    yield _code("ones", "All bits 1.", "ffffffffff", "ZZZZZZZZ", "zzzzzzzz", "boundary")
    for case_id, comment, text in (
        ("shown", "As people see it.", "K7QM-2XPA"),
        ("lower_case", "Case does not matter.", "k7qm-2xpa"),
        ("mixed_case", "Case does not matter.", "k7Qm2xPa"),
        ("spaces", "Spaces do not matter.", " K7QM 2XPA "),
        ("every_hyphen", "Hyphens anywhere.", "-K-7-Q-M--2-X-P-A-"),
        ("dash", "U+2013, which keyboards of phones make of a hyphen.", "K7QM\u20132XPA"),
        ("dashes", "U+2010 to U+2015.", "K\u20107\u2011Q\u2012M\u20132\u2014X\u2015PA"),
        ("minus", "U+2212.", "K7QM\u22122XPA"),
        ("no_break_spaces", "U+00A0 and U+202F.", "K7QM\u00a02XPA\u202f"),
    ):
        yield _code(f"typed_{case_id}", comment, "99ef4176ca", "K7QM2XPA", text)
    lookalike = "O reads as 0, I and L as 1, in both cases."
    yield _code("typed_lookalikes", lookalike, "0000108421", "00011111", "oO0iIlL1")
    for case_id, comment, text in (
        ("empty", "Nothing.", ""),
        ("hyphens", "Nothing but hyphens.", "--------"),
        ("7_symbols", "One too few.", "K7QM-2XP"),
        ("9_symbols", "One too many.", "K7QM-2XPAA"),
        ("letter_u", "U is no symbol.", "K7QM-2XPU"),
        ("lower_u", "Neither is u.", "k7qm-2xpu"),
        ("asterisk", "Check symbols are not used.", "K7QM-2XP*"),
        ("underscore", "An underscore is no hyphen.", "K7QM_2XPA"),
        ("dot", "A dot is no hyphen.", "K7QM.2XPA"),
        ("tab", "A tab is no space.", "K7QM\t2XPA"),
        ("accent", "An accented letter.", "K7QM-2XPÁ"),
        ("long_s", "U+017F is no S, though its upper case is.", "K7QM-2XP\u017f"),
        ("dotless_i", "U+0131 is no I, though its upper case is.", "K7QM-2XP\u0131"),
        (
            "full_width",
            "Full-width digits are no digits.",
            "\uff11\uff11\uff11\uff11-\uff11\uff11\uff11\uff11",
        ),
        ("arabic_digit", "U+0661 is no 1.", "K7QM-2XP\u0661"),
        ("cyrillic", "U+0410 looks like A.", "K7QM-2XP\u0410"),
        ("sharp_s", "U+00DF, whose upper case is SS.", "K7QM-2X\u00df"),
        ("long_vowel_mark", "U+30FC looks like a dash.", "K7QM\u30fc2XPA"),
        ("zero_width_space", "U+200B cannot be seen.", "K7QM\u200b2XPA"),
    ):
        yield Case(
            id=f"refused_{case_id}",
            comment=comment,
            given={"text": text},
            data=b"",
            drop="no_room_code",
        )


def _code(case_id: str, comment: str, text: str, code: str, typed: str, *flags: str) -> Case:
    return Case(
        id=case_id,
        comment=comment,
        given={"text": typed},
        data=unhex(text),
        decoded={"code": code, "shown": f"{code[:4]}-{code[4:]}"},
        flags=flags,
    )


def addresses() -> Iterator[Case]:
    """Yield the cases of address.json."""
    for case_id, comment, text, host, port in (
        ("ipv4", "c0 00 02 07 = 192.0.2.7; d431 = 54321.", "c0000207 d431", "192.0.2.7", "54321"),
        ("ipv4_zero", "All bits 0.", "00000000 0000", "0.0.0.0", "0"),  # noqa: S104 - no socket is bound
        ("ipv4_ones", "All bits 1.", "ffffffff ffff", "255.255.255.255", "65535"),
        ("ipv4_port_order", "Port 1 is 00 01.", "7f000001 0001", "127.0.0.1", "1"),
        ("ipv4_port_256", "Port 256 is 01 00.", "0a000001 0100", "10.0.0.1", "256"),
    ):
        yield _address(case_id, comment, text, host, port)
    for case_id, comment, ip, host in (
        ("ipv6", "Longest run of zeros as ::.", "20010db8000000000000000000000001", "2001:db8::1"),
        ("ipv6_zero", "All bits 0.", "00" * 16, "::"),
        ("ipv6_loopback", "One bit.", "00" * 15 + "01", "::1"),
        ("ipv6_end", "Zeros at the end.", "fe80" + "00" * 14, "fe80::"),
        ("ipv6_full", "No zero group.", "20010db8000100020003000400050006", "2001:db8:1:2:3:4:5:6"),
        ("ipv6_one_zero", "A single zero group is written out.",
         "20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"),
        ("ipv6_first_run", "Of two equal runs the first.",
         "20010db8000000000001000000000001", "2001:db8::1:0:0:1"),
        ("ipv6_longer_run", "Of two runs the longer.",
         "20010000000000010000000000000001", "2001:0:0:1::1"),
        ("ipv6_ones", "All bits 1.", "ff" * 16, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("ipv6_leading_zeros", "Leading zeros of a group are left out, letters are small.",
         "0abc00000000000000000000000000ef", "abc::ef"),
    ):  # fmt: skip
        yield _address(case_id, f"{comment} RFC 5952.", f"{ip} 0050", host, "80")


def _address(case_id: str, comment: str, text: str, host: str, port: str) -> Case:
    return Case(
        id=case_id,
        comment=comment,
        data=unhex(text),
        decoded={"host": host, "port": port},
        flags=("independent",),
    )


def legacy() -> Iterator[Case]:
    """Yield the cases of legacy.json."""
    for case_id, comment, text, peer, payload in (
        ("register_host", "00aa, id 1: 00000001; no payload registers.", "00aa 00000001", "1", ""),
        ("register_client", "Id 2.", "00aa 00000002", "2", ""),
        ("register_largest", "Id 2^31-1.", "00aa 7fffffff", "2147483647", ""),
        ("data_to_host", "'hi' to id 1.", "00aa 00000001 6869", "1", "6869"),
        ("data_one_byte", "A payload of one byte.", "00aa 00000100 00", "256", "00"),
        (
            "data_like_legacy",
            "The payload is not looked at.",
            "00aa 00000003 00aa00000001",
            "3",
            "00aa00000001",
        ),
    ):
        yield Case(
            id=case_id,
            comment=comment,
            data=unhex(text),
            decoded={"peer": peer, "payload": payload},
            flags=("independent",),
        )
    largest = unhex("00aa 00000001") + b"\xee" * 1400
    yield Case(
        id="largest",
        comment="1406 bytes.",
        data=largest,
        decoded={"peer": "1", "payload": "ee" * 1400},
        flags=("boundary",),
    )
    yield from _legacy_refused(largest)


def _legacy_refused(largest: bytes) -> Iterator[Case]:
    for case_id, comment, data, drop in (
        ("empty", "No byte.", b"", "too_short"),
        ("prefix_only", "Two bytes.", unhex("00aa"), "too_short"),
        ("short_5", "Five bytes.", unhex("00aa 000000"), "too_short"),
        ("too_large", "1407 bytes.", largest + b"\xee", "too_large"),
        ("id_0", "Id 0.", unhex("00aa 00000000"), "legacy_bad_id"),
        ("id_0_data", "Id 0 with a payload.", unhex("00aa 00000000 01"), "legacy_bad_id"),
        ("id_2_31", "Id 2^31.", unhex("00aa 80000000"), "legacy_bad_id"),
        ("id_largest", "Id 2^32-1.", unhex("00aa ffffffff 01"), "legacy_bad_id"),
        ("prefix_00ab", "00ab.", unhex("00ab 00000001"), "unknown_prefix"),
        (
            "prefix_aa00",
            "The prefix in the other byte order.",
            unhex("aa00 00000001"),
            "unknown_prefix",
        ),
        (
            "prefix_packhorse",
            "DATA of the current protocol.",
            unhex("a400 00000001 00"),
            "unknown_prefix",
        ),
    ):
        yield Case(id=case_id, comment=comment, data=data, drop=drop)
