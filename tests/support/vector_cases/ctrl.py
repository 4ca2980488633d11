"""Topic ctrl: whole CTRL datagrams."""

from collections.abc import Iterator

from tests.support.vector_cases.build import (
    Case,
    Json,
    Values,
    as_decoded,
    body,
    messages,
    pack,
    u32,
    unhex,
)
from tests.support.vector_cases.faults import faults
from tests.support.vector_cases.samples import COOKIE, CTRL, GRANT, NONCE, OFFER, SEAL

_TRANSACTION = 0x01020304


def cases() -> Iterator[Case]:
    """Yield the cases of ctrl.json."""
    yield from _by_hand()
    yield from _every_message()
    yield from _choices()
    yield from _extensions()
    yield from _wrong_bodies()
    yield from _wrong_sides()
    for name, (least, _) in CTRL.items():
        for fault in faults(name, least):
            data = _datagram(body(name, fault.values))
            yield _refused(name, fault.id, fault.comment, data, fault.drop)


def _datagram(content: bytes, transaction: int = _TRANSACTION) -> bytes:
    return b"\xa5\x00" + u32(transaction) + content


def _sender(name: str) -> dict[str, Json]:
    return {"sender": messages()[name]["sender"]}


def _accepted(case_id: str, comment: str, name: str, values: Values, *flags: str) -> Case:
    return Case(
        id=case_id,
        comment=comment,
        given=_sender(name),
        data=_datagram(body(name, values)),
        decoded={"transaction": str(_TRANSACTION), "message": as_decoded(name, values)},
        flags=flags,
    )


def _refused(name: str, case_id: str, comment: str, data: bytes, drop: str, *flags: str) -> Case:
    return Case(id=case_id, comment=comment, given=_sender(name), data=data, drop=drop, flags=flags)


def _by_hand() -> Iterator[Case]:
    yield from _of_the_specification()
    yield Case(
        id="hello_by_hand",
        comment=(
            "a5 00, transaction 7; map of 5: 0 type 1, 1 version_min 1, 2 version_max 1, "
            "3 features 0, 4 nonce: c4, length 10, 16 bytes."
        ),
        given={"sender": "member"},
        data=unhex(
            "a5 00 00000007 85 00 01 01 01 02 01 03 00 04 c4 10 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
        ),
        decoded={
            "transaction": "7",
            "message": {
                "type": "HELLO",
                "version_min": "1",
                "version_max": "1",
                "features": "0",
                "nonce": "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            },
        },
        flags=("independent",),
    )
    yield Case(
        id="error_by_hand",
        comment="map of 3: 0 type 6, 20 = 14 code 300 = cd 012c, 21 = 15 wait 60000 = cd ea60.",
        given={"sender": "relay"},
        data=unhex("a5 00 ffffffff 83 00 06 14 cd012c 15 cdea60"),
        decoded={
            "transaction": "4294967295",
            "message": {"type": "ERROR", "code": "300", "retry_after_ms": "60000"},
        },
        flags=("independent",),
    )
    yield Case(
        id="nudge_by_hand",
        comment="NUDGE: transaction 0, map of 1: 0 type 7; 9 bytes.",
        given={"sender": "relay"},
        data=unhex("a5 00 00000000 81 00 07"),
        decoded={"transaction": "0", "message": {"type": "NUDGE"}},
        flags=("independent",),
    )


def _of_the_specification() -> Iterator[Case]:
    """SPEC.md section 5.8, written there by hand."""
    transaction, nonce = "523124044", "000102030405060708090a0b0c0d0e0f"
    start = unhex("a5 00 1f2e3d4c 87 0001 0101 0201 03ce08000000 04c410") + unhex(nonce)
    pad = unhex("0ac50482") + bytes(1154)
    plain = unhex("a5 00 1f2e3d4c 86 0001 0101 0201 03ce08000000 04c410") + unhex(nonce)
    yield Case(
        id="hello_of_the_specification",
        comment="SPEC.md section 5.8: HELLO of 1200 bytes with GREASE.",
        given={"sender": "member"},
        data=start + pad + unhex("78cd3039"),
        decoded={
            "transaction": transaction,
            "message": {
                "type": "HELLO",
                "version_min": "1",
                "version_max": "1",
                "features": "134217728",
                "nonce": nonce,
                "pad": "00" * 1154,
            },
        },
        flags=("independent", "extension"),
        reencoded=plain + pad,
    )
    cookie = "000003e81438c187212b2c8643537440784803a0"
    yield Case(
        id="challenge_of_the_specification",
        comment="SPEC.md section 5.8: CHALLENGE, 36 bytes; the cookie is checked in cookie.json.",
        given={"sender": "relay"},
        data=unhex("a5 00 1f2e3d4c 84 0002 0101 0300 05c414") + unhex(cookie),
        decoded={
            "transaction": transaction,
            "message": {"type": "CHALLENGE", "version": "1", "features": "0", "cookie": cookie},
        },
        flags=("independent",),
    )


def _every_message() -> Iterator[Case]:
    for name, (least, most) in CTRL.items():
        start = name.lower()
        yield _accepted(f"{start}_least", f"{name}, smallest values.", name, least, "boundary")
        if most != least:
            yield _accepted(f"{start}_most", f"{name}, largest values.", name, most, "boundary")


def _choices() -> Iterator[Case]:
    """Values between the extremes that have a form or a field of their own."""
    hello = {**OFFER, "version_max": 3, "features": 0x01000000}
    yield _accepted("hello_empty_pad", "A pad of no byte.", "HELLO", {**OFFER, "pad": b""})
    yield _accepted("hello_pad_255", "Longest pad of c4.", "HELLO", {**OFFER, "pad": bytes(255)})
    yield _accepted("hello_pad_256", "Shortest pad of c5.", "HELLO", {**OFFER, "pad": bytes(256)})
    padded = {**hello, "pad": bytes(1200 - 42)}
    yield _accepted("hello_1200", "Padded to 1200 bytes.", "HELLO", padded)
    not_zero = {**OFFER, "pad": b"\x01\xff"}
    yield _accepted("hello_pad_not_zero", "What the pad holds is ignored.", "HELLO", not_zero)
    down = {**OFFER, "version_min": 9, "version_max": 2}
    yield _accepted(
        "hello_versions_cross", "No range; judged by the relay, not here.", "HELLO", down
    )
    create = {**OFFER, "cookie": COOKIE, "max_datagram": 1200}
    yield _accepted("create_star", "Star, size by default.", "CREATE", {**create, "topology": 1})
    yield _accepted(
        "create_two", "Mesh said, 2 peers.", "CREATE", {**create, "topology": 0, "max_peers": 2}
    )
    join = {**create, "code": "0123ABCD"}
    yield _accepted("join_code", "A code.", "JOIN", join)
    accented = {**create, "code": "éé"}
    yield _accepted("join_code_not_ascii", "Any text of 8 bytes; no room has it.", "JOIN", accented)
    six = {**GRANT, "mapped": unhex("20010db8000000000000000000000001 0050")}
    yield _accepted("grant_ipv6", "Mapped address of 18 bytes.", "GRANT", six)
    version = {"version_min": 1, "version_max": 1, "code": 100}
    yield _accepted("error_version", "UNSUPPORTED_VERSION.", "ERROR", version)
    yield _accepted("error_unknown_code", "A code of a later revision.", "ERROR", {"code": 999})


def _extensions() -> Iterator[Case]:
    for name, key, value in (
        ("HELLO", 112, 0),
        ("HELLO", 127, 2**32 - 1),
        ("CREATE", 120, b"\0\1"),
        ("JOIN", 119, "grease"),
        ("CHALLENGE", 50, [1, [2, {3: None}]]),
        ("GRANT", 2, -1),
        ("ERROR", 22, {0: True}),
        ("NUDGE", 1, 0),
    ):
        least = CTRL[name][0]
        plain = _accepted(f"{name.lower()}_key_{key}", "", name, least, "extension")
        yield Case(
            id=plain.id,
            comment=f"{name} with the unknown key {key}, which is skipped.",
            given=plain.given,
            data=_datagram(body(name, least, {key: value})),
            decoded=plain.decoded,
            flags=plain.flags,
            reencoded=plain.data,
        )
    data = _datagram(body("HELLO", OFFER))
    bad = data[:6] + unhex("86") + data[7:] + unhex("70 cc01")
    comment = "Also an unknown key must fit the profile."
    yield _refused("HELLO", "unknown_key_not_shortest", comment, bad, "not_shortest", "extension")
    deep = _datagram(body("HELLO", OFFER, {112: [[[[]]]]}))
    yield _refused("HELLO", "unknown_key_too_deep", comment, deep, "too_deep", "extension")


def _wrong_bodies() -> Iterator[Case]:
    for case_id, comment, content, drop in (
        ("no_body", "The header alone.", b"", "truncated"),
        ("body_nil", "Nil.", pack(None), "not_a_message"),
        ("body_number", "A number.", pack(1), "not_a_message"),
        ("body_array", "An array whose item 0 is 1.", pack([1]), "not_a_message"),
        ("body_empty_map", "A map without a type.", pack({}), "not_a_message"),
        ("body_without_type", "A map without key 0.", pack({1: 1}), "not_a_message"),
        ("type_nil", "The type is nil.", pack({0: None}), "not_a_message"),
        ("type_true", "The type is true, which is not 1.", pack({0: True}), "not_a_message"),
        ("type_text", "The type is text.", pack({0: "1"}), "not_a_message"),
        ("type_array", "The type is an array.", pack({0: [1]}), "not_a_message"),
        ("type_negative", "The type is -1.", pack({0: -1}), "not_a_message"),
        ("type_0", "No message has type 0.", pack({0: 0}), "unknown_type"),
        ("type_8", "No message has type 8.", pack({0: 8}), "unknown_type"),
        ("type_100", "No message has type 100.", pack({0: 100}), "unknown_type"),
        ("type_257", "257 is not 1.", pack({0: 257}), "unknown_type"),
        ("type_largest", "Type 2^32-1.", pack({0: 2**32 - 1}), "unknown_type"),
        ("type_twice", "Key 0 twice.", unhex("82 00 01 00 02"), "key_order"),
        ("body_claims_4_gi", "A map of 2^32-1 entries.", unhex("df ffffffff"), "too_many_items"),
        ("body_trailing", "A byte after HELLO.", body("HELLO", OFFER) + b"\0", "trailing_bytes"),
        ("body_cut", "HELLO without its last byte.", body("HELLO", OFFER)[:-1], "truncated"),
    ):
        yield _refused("HELLO", case_id, comment, _datagram(content), drop)
    descending = unhex("85 04 c410") + NONCE + unhex("00 01 01 01 02 01 03 00")
    comment = "HELLO with its keys in another order."
    yield _refused("HELLO", "hello_descending", comment, _datagram(descending), "key_order")


def _wrong_sides() -> Iterator[Case]:
    for name, (least, _) in CTRL.items():
        other = "member" if messages()[name]["sender"] == "relay" else "relay"
        yield Case(
            id=f"{name.lower()}_from_{other}",
            comment=f"{name} from the wrong side: not answered.",
            given={"sender": other},
            data=_datagram(body(name, least)),
            drop="wrong_direction",
            flags=("forgery",),
        )
    for name, (least, _) in SEAL.items():
        comment = f"{name} without a MAC, in CTRL."
        data = _datagram(body(name, least))
        case_id = f"{name.lower()}_in_ctrl"
        yield _refused(name, case_id, comment, data, "wrong_carrier", "forgery")
