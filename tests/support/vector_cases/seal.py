"""Topics keys, seal and replay: the authenticated control of a session."""

import hmac
from collections.abc import Iterator

from tests.support.vector_cases.build import (
    Case,
    Json,
    Values,
    as_decoded,
    body,
    messages,
    pack,
    sha256_mac,
    u32,
    unhex,
)
from tests.support.vector_cases.faults import faults
from tests.support.vector_cases.samples import CTRL, SEAL

_SESSION_KEY = bytes(range(32))
_SESSION = 0x12345678
_TAG = 0x5C
_LABELS = {
    "member": b"packhorse.v1 member to relay",
    "relay": b"packhorse.v1 relay to member",
    "peer": b"packhorse.v1 member to member",
}


def cases() -> Iterator[Case]:
    """Yield the cases of seal.json."""
    yield from _by_hand()
    yield from _every_message()
    yield from _choices()
    yield from _wrong_macs()
    yield from _flips()
    yield from _wrong_sizes()
    yield from _wrong_bodies()
    yield from _wrong_sides()
    for name, (least, _) in SEAL.items():
        for fault in faults(name, least):
            data = _sealed(body(name, fault.values), _side(name))
            yield _refused(_side(name), fault.id, fault.comment, data, fault.drop)


def _direction_key(side: str, session_key: bytes = _SESSION_KEY) -> bytes:
    return hmac.new(session_key, _LABELS[side], "sha256").digest()


def _header(session: int = _SESSION, tag: int = _TAG) -> bytes:
    return bytes([0xA6, tag]) + u32(session)


def _sealed(content: bytes, side: str) -> bytes:
    signed = _header() + content
    return signed + sha256_mac(_direction_key(side), signed)


def _side(name: str) -> str:
    return str(messages()[name]["sender"])


def _given(side: str, session: int = _SESSION) -> dict[str, Json]:
    return {"sender": side, "session_key": _SESSION_KEY.hex(), "session": str(session)}


def _decoded(
    name: str, values: Values, session: int = _SESSION, tag: int = _TAG
) -> dict[str, Json]:
    return {"session": str(session), "tag": str(tag), "message": as_decoded(name, values)}


def _accepted(case_id: str, comment: str, name: str, values: Values, *flags: str) -> Case:
    return Case(
        id=case_id,
        comment=comment,
        given=_given(_side(name)),
        data=_sealed(body(name, values), _side(name)),
        decoded=_decoded(name, values),
        flags=flags,
    )


def _refused(side: str, case_id: str, comment: str, data: bytes, drop: str, *flags: str) -> Case:
    return Case(id=case_id, comment=comment, given=_given(side), data=data, drop=drop, flags=flags)


def _by_hand() -> Iterator[Case]:
    yield Case(
        id="ping_of_the_specification",
        comment="The example of SPEC.md section 6.6: the first PING of a session, 46 bytes.",
        given=_given("member", 0x01020304),
        data=unhex(
            "a6 5c 01020304 83 0010 0101 02c410 00000000000000000000000000000000"
            "29f47e8854995672dbbe933a652e7e5c"
        ),
        decoded=_decoded("PING", {"seq": 1, "pad": bytes(16)}, 0x01020304),
        flags=("independent",),
    )
    signed = unhex("a6 5c 12345678 82 00 10 01 01")
    yield Case(
        id="ping_by_hand",
        comment=(
            "a6, tag 5c, session 12345678; map of 2: 0 type 16 = 10, 1 seq 1; then the first "
            "16 bytes of HMAC-SHA256 over these 11, key HMAC-SHA256(session key, label)."
        ),
        given=_given("member"),
        data=signed + sha256_mac(_direction_key("member"), signed),
        decoded={"session": "305419896", "tag": "92", "message": {"type": "PING", "seq": "1"}},
        flags=("independent",),
    )
    signed = unhex("a6 5c 12345678 85 00 11 01 02 03 01 04 03 05 c406 c6336407 8235")
    yield Case(
        id="pong_by_hand",
        comment=(
            "map of 5: 0 type 17 = 11, 1 seq 2, 3 ping 1, 4 rev 3, 5 mapped: c4 06, "
            "198.51.100.7 = c6336407, port 33333 = 8235."
        ),
        given=_given("relay"),
        data=signed + sha256_mac(_direction_key("relay"), signed),
        decoded={
            "session": "305419896",
            "tag": "92",
            "message": {
                "type": "PONG",
                "seq": "2",
                "ping": "1",
                "rev": "3",
                "mapped": "c63364078235",
            },
        },
        flags=("independent",),
    )
    signed = unhex("a6 5c 12345678 83 0013 0107 0791 94cd012c010400")
    yield Case(
        id="events_of_the_specification",
        comment="The body of SPEC.md section 7.1: seq 7, one record: 300, PEER_JOINED, 4, 0.",
        given=_given("relay"),
        data=signed + sha256_mac(_direction_key("relay"), signed),
        decoded={
            "session": "305419896",
            "tag": "92",
            "message": {"type": "EVENTS", "seq": "7", "events": [["300", "1", "4", "0"]]},
        },
        flags=("independent",),
    )
    signed = unhex("a6 5c 12345678 83 00 13 01 03 07 91 94 04 02 03 cd0192")
    yield Case(
        id="events_by_hand",
        comment="type 19 = 13, seq 3, 7: one event: rev 4, PEER_LEFT, peer 3, KICKED = cd 0192.",
        given=_given("relay"),
        data=signed + sha256_mac(_direction_key("relay"), signed),
        decoded={
            "session": "305419896",
            "tag": "92",
            "message": {"type": "EVENTS", "seq": "3", "events": [["4", "2", "3", "402"]]},
        },
        flags=("independent",),
    )


def _every_message() -> Iterator[Case]:
    for name, (least, most) in SEAL.items():
        start = name.lower()
        yield _accepted(f"{start}_least", f"{name}, smallest values.", name, least, "boundary")
        yield _accepted(f"{start}_most", f"{name}, largest values.", name, most, "boundary")


def _choices() -> Iterator[Case]:
    padded = {"seq": 2, "pad": bytes(16)}
    yield _accepted("ping_padded", "PING as members send it; 46 bytes.", "PING", padded)
    yield _accepted("kick_no_ban", "False said.", "KICK", {"seq": 9, "peer": 5, "ban": False})
    roster = {"seq": 1, "rev": 1, "page": 0, "pages": 1, "peers": [[1, 0]]}
    yield _accepted("roster_of_host", "A new room.", "ROSTER", roster)
    odd = {"seq": 1, "events": [[2**32 - 1, 99, 2**32 - 1, 0]]}
    yield _accepted(
        "events_unknown_kind", "Integers of records are not judged here.", "EVENTS", odd
    )
    for name, key, value in (("PING", 112, 5), ("PONG", 127, [b"", {1: "x"}]), ("LEAVE", 2, None)):
        least = SEAL[name][0]
        plain = _accepted("", "", name, least)
        yield Case(
            id=f"{name.lower()}_key_{key}",
            comment=f"{name} with the unknown key {key}, which is skipped.",
            given=plain.given,
            data=_sealed(body(name, least, {key: value}), _side(name)),
            decoded=plain.decoded,
            flags=("extension",),
            reencoded=plain.data,
        )
    for session, tag in ((0, 0), (2**32 - 1, 255)):
        signed = _header(session, tag) + body("LEAVE", {"seq": 7})
        yield Case(
            id=f"session_{session}",
            comment=f"Session {session}, tag {tag}.",
            given=_given("member", session),
            data=signed + sha256_mac(_direction_key("member"), signed),
            decoded=_decoded("LEAVE", {"seq": 7}, session, tag),
            flags=("boundary",),
        )


def _wrong_macs() -> Iterator[Case]:
    signed = _header() + body("PING", {"seq": 1})
    key = _direction_key("member")
    for case_id, comment, mac in (
        ("zeros", "16 zero bytes.", bytes(16)),
        ("ones", "16 bytes ff.", b"\xff" * 16),
        (
            "other_direction",
            "The key of the other direction.",
            sha256_mac(_direction_key("relay"), signed),
        ),
        ("session_key", "The session key itself.", sha256_mac(_SESSION_KEY, signed)),
        ("empty_key", "No key.", sha256_mac(b"", signed)),
        (
            "other_session",
            "Key of another session.",
            sha256_mac(_direction_key("member", bytes(32)), signed),
        ),
        ("without_header", "MAC over the body alone.", sha256_mac(key, signed[6:])),
        ("without_first_byte", "MAC over all but the first byte.", sha256_mac(key, signed[1:])),
        (
            "last_half",
            "The last 16 bytes of the HMAC.",
            hmac.new(key, signed, "sha256").digest()[16:],
        ),
        ("whole", "All 32 bytes of the HMAC.", hmac.new(key, signed, "sha256").digest()),
        ("sha512", "HMAC-SHA512.", hmac.new(key, signed, "sha512").digest()[:16]),
        ("15_bytes", "One byte short.", sha256_mac(key, signed)[:15]),
        ("and_a_byte", "A byte after the MAC.", sha256_mac(key, signed) + b"\0"),
    ):
        yield _refused("member", f"mac_{case_id}", comment, signed + mac, "bad_mac", "forgery")
    reflected = _sealed(body("PONG", SEAL["PONG"][0]), "relay")
    comment = "The relay's own PONG sent back to it."
    yield _refused("member", "reflected", comment, reflected, "bad_mac", "forgery")
    bad_body = _header() + unhex("df ffffffff") + bytes(16)
    comment = "The MAC is checked before the body is read."
    yield _refused("member", "mac_before_body", comment, bad_body, "bad_mac", "forgery")


def _flips() -> Iterator[Case]:
    """One bit wrong in each byte but the first, which tells the kind."""
    good = _sealed(body("PING", {"seq": 1}), "member")
    for place in range(1, len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        session = int.from_bytes(bad[2:6], "big")  # the receiver knows a session of this id
        yield Case(
            id=f"flip_byte_{place}",
            comment=f"Bit {place % 8} of byte {place} is wrong.",
            given=_given("member", session),
            data=bytes(bad),
            drop="bad_mac",
            flags=("forgery",),
        )
    other = _given("member", _SESSION + 1)
    comment = "The receiver knows another session."
    yield Case(id="other_session", comment=comment, given=other, data=good, drop="unknown_session")
    forged = good[:-16] + bytes(16)
    comment = "The session is looked up before the MAC is checked."
    yield Case(
        id="other_session_bad_mac",
        comment=comment,
        given=other,
        data=forged,
        drop="unknown_session",
    )


def _wrong_sizes() -> Iterator[Case]:
    good = _sealed(body("PING", {"seq": 1}), "member")
    for size in (6, 7, 21, 22):
        comment = f"{size} bytes: no body before the MAC."
        yield _refused("member", f"cut_to_{size}", comment, good[:size], "too_short", "boundary")
    for size in (23, 26):
        comment = f"{size} bytes of {len(good)}."
        yield _refused("member", f"cut_to_{size}", comment, good[:size], "bad_mac", "boundary")
    bare = _sealed(b"", "member")
    comment = "A good MAC over the header and no body."
    yield _refused("member", "no_body", comment, bare, "too_short", "boundary")


def _wrong_bodies() -> Iterator[Case]:
    for case_id, comment, content, drop in (
        ("body_nil", "One byte of body: nil.", pack(None), "not_a_message"),
        ("body_empty_map", "A map without a type.", pack({}), "not_a_message"),
        ("type_negative", "The type is -16.", pack({0: -16, 1: 1}), "not_a_message"),
        ("type_0", "No message has type 0.", pack({0: 0, 1: 1}), "unknown_type"),
        ("type_100", "No message has type 100.", pack({0: 100, 1: 1}), "unknown_type"),
        (
            "trailing",
            "A byte between body and MAC.",
            body("PING", {"seq": 1}) + b"\0",
            "trailing_bytes",
        ),
        ("cut", "The body ends early.", body("PING", {"seq": 300})[:-1], "truncated"),
        ("seq_twice", "Two sequence numbers.", unhex("83 00 10 01 01 01 02"), "key_order"),
        (
            "seq_not_shortest",
            "Sequence number 1 as cc 01.",
            unhex("82 00 10 01 cc01"),
            "not_shortest",
        ),
        (
            "seq_2_32",
            "Sequence number 2^32.",
            unhex("82 00 10 01 cf0000000100000000"),
            "out_of_range",
        ),
    ):
        yield _refused("member", case_id, comment, _sealed(content, "member"), drop)


def _wrong_sides() -> Iterator[Case]:
    for name, (least, _) in SEAL.items():
        other = "member" if _side(name) == "relay" else "relay"
        comment = f"{name} from the wrong side, with a good MAC."
        data = _sealed(body(name, least), other)
        yield _refused(other, f"{name.lower()}_from_{other}", comment, data, "wrong_direction")
    for name, (least, _) in CTRL.items():
        comment = f"{name} in SEAL, with a good MAC."
        data = _sealed(body(name, least), _side(name))
        yield _refused(_side(name), f"{name.lower()}_in_seal", comment, data, "wrong_carrier")
