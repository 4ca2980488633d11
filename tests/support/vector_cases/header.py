"""Topic header: whole datagrams by their first six bytes."""

from collections.abc import Iterator

from tests.support.vector_cases.build import Case, Json, unhex

_KINDS = ("DATA", "CTRL", "SEAL", "FRAME")
_FANOUT = 1 << 31


def cases() -> Iterator[Case]:
    """Yield the cases of header.json."""
    yield from _by_hand()
    yield from _words()
    yield from _refused()
    yield from _first_bytes()


def _decoded(data: bytes) -> dict[str, Json]:
    word = int.from_bytes(data[2:6], "big")
    decoded: dict[str, Json] = {
        "kind": _KINDS[data[0] & 3],
        "tag": str(data[1]),
        "word": str(word),
        "payload": data[6:].hex(),
    }
    if data[0] & 3 in {0, 3}:
        decoded["destination"] = str(word - (1 << 32) if word >= _FANOUT else word)
        decoded["source"] = str(word % _FANOUT)
        decoded["fanout"] = word >= _FANOUT
    return decoded


def _valid(case_id: str, comment: str, text: str, *flags: str) -> Case:
    data = unhex(text)
    return Case(id=case_id, comment=comment, data=data, decoded=_decoded(data), flags=flags)


def _invalid(case_id: str, comment: str, data: bytes, drop: str, *flags: str) -> Case:
    return Case(id=case_id, comment=comment, data=data, drop=drop, flags=flags)


def _by_hand() -> Iterator[Case]:
    yield Case(
        id="data_to_host",
        comment="Mark 1010, version 01, kind 00: 1010 0100 = a4; tag 0x5c; host is peer 1; 'hi'.",
        data=unhex("a4 5c 00000001 6869"),
        decoded={
            "kind": "DATA",
            "tag": "92",
            "word": "1",
            "payload": "6869",
            "destination": "1",
            "source": "1",
            "fanout": False,
        },
        flags=("independent",),
    )
    yield Case(
        id="data_to_all_but_2",
        comment="-2 as two's complement: 2^32 - 2 = fffffffe; as a source it would be 7ffffffe.",
        data=unhex("a4 00 fffffffe 00"),
        decoded={
            "kind": "DATA",
            "tag": "0",
            "word": "4294967294",
            "payload": "00",
            "destination": "-2",
            "source": "2147483646",
            "fanout": True,
        },
        flags=("independent",),
    )


def _words() -> Iterator[Case]:
    yield _valid("data_to_all", "Destination 0 names all others.", "a4 01 00000000 ff")
    yield _valid("data_to_all_but_host", "Destination -1.", "a4 01 ffffffff ff")
    yield _valid("data_largest_id", "Peer 2^31-1.", "a4 ff 7fffffff ff", "boundary")
    yield _valid(
        "data_smallest_word", "-2^31, or source 0 fanned out.", "a4 ff 80000000 ff", "boundary"
    )
    yield _valid("data_fanned_out", "From peer 3, one of several copies.", "a4 07 80000003 0102")
    yield _valid(
        "data_like_a_header", "The payload is not looked at.", "a4 07 00000003 a51100000000"
    )
    yield _valid("data_largest", "1406 bytes.", "a4 07 00000003" + "ee" * 1400, "boundary")
    yield _valid("frame_to_host", "FRAME is forwarded like DATA.", "a7 5c 00000001 00")
    yield _valid("frame_to_all", "FRAME to all others.", "a7 5c 00000000 00")
    yield _valid("frame_fanned_out", "FRAME from peer 9, fanned out.", "a7 5c 80000009 00")
    yield _valid("ctrl_transaction", "The word is a transaction id.", "a5 00 deadbeef 8100 07")
    yield _valid(
        "ctrl_without_body", "The header is whole; the body is judged later.", "a5 00 00000000"
    )
    yield _valid("seal_session", "The word is a session id.", "a6 5c 12345678 8100 10")
    yield _valid(
        "seal_without_body",
        "The header is whole; too short for a MAC is judged later.",
        "a6 00 ffffffff",
    )


def _refused() -> Iterator[Case]:
    whole = unhex("a4 5c 00000001")
    yield _invalid("empty", "No byte at all.", b"", "too_short", "boundary")
    for size in range(1, 6):
        yield _invalid(
            f"short_{size}", f"{size} of 6 bytes.", whole[:size], "too_short", "boundary"
        )
    yield _invalid(
        "short_unknown", "Too short is found before the first byte.", b"\xff", "too_short"
    )
    yield _invalid("data_empty", "DATA without a payload.", whole, "empty_payload", "boundary")
    yield _invalid(
        "frame_empty",
        "FRAME without a payload.",
        unhex("a7 5c 00000001"),
        "empty_payload",
        "boundary",
    )
    too_large = whole + bytes(1401)
    yield _invalid("data_too_large", "1407 bytes.", too_large, "too_large", "boundary")
    yield _invalid(
        "unknown_too_large", "Too large comes before the first byte.", b"\xff" * 1407, "too_large"
    )
    yield _invalid("far_too_large", "2000 bytes.", whole + bytes(1994), "too_large", "attack")
    yield _invalid(
        "ctrl_tag_1", "CTRL with tag 1.", unhex("a5 01 00000000 810007"), "nonzero_tag", "boundary"
    )
    yield _invalid(
        "ctrl_tag_255", "CTRL with tag 255.", unhex("a5 ff 00000000 810007"), "nonzero_tag"
    )


def _first_bytes() -> Iterator[Case]:
    """Every first byte that no kind has."""
    for first in range(256):
        if 0xA4 <= first <= 0xA7:
            continue
        is_ours = first >> 4 == 0xA
        reason = "unsupported_version" if is_ours else "unknown_prefix"
        comment = "Mark 1010, version bits not 01." if is_ours else "Another mark."
        data = bytes([first]) + unhex("00 00000001 00")
        yield _invalid(f"first_byte_{first:02x}", comment, data, reason)
