"""Topics ticket and proof: who is served, and who may join."""

import hashlib
import hmac
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.vector_cases.build import Case, Json, sha256_mac, unhex

_KEY = bytes(range(0x40, 0x60))
_OTHER_KEY = bytes(32)
_COOKIE = unhex("000003e8 1438c187212b2c8643537440784803a0")
_LABEL = b"packhorse.v1 ticket"


class _Ticket(NamedTuple):
    version: int = 1
    permissions: int = 3
    expires_at: int = 1_900_000_000
    max_peers: int = 8
    id: bytes = bytes(range(8))
    app: bytes = b"tag arena"

    def head(self) -> bytes:
        numbers = bytes([self.version, self.permissions]) + self.expires_at.to_bytes(8, "big")
        return numbers + self.max_peers.to_bytes(2, "big") + self.id + self.app

    def as_json(self) -> dict[str, Json]:
        return {
            "id": self.id.hex(),
            "permissions": str(self.permissions & 3),
            "expires_at": str(self.expires_at),
            "app": self.app.decode(),
            "max_peers": str(self.max_peers),
        }


def tickets() -> Iterator[Case]:
    """Yield the cases of ticket.json."""
    yield Case(
        id="by_hand",
        comment=(
            "01 version, 03 create and join, 713fb300 = 1900000000, 0008 peers, id 00..07, "
            "'tag arena'; MAC over the label and these 29 bytes."
        ),
        given={"key": _KEY.hex()},
        data=unhex("01 03 00000000713fb300 0008 0001020304050607 746167206172656e61")
        + sha256_mac(
            _KEY,
            b"packhorse.v1 ticket",
            unhex("01 03 00000000713fb300 0008 0001020304050607 746167206172656e61"),
        ),
        decoded=_Ticket().as_json(),
        flags=("independent",),
    )
    for case_id, comment, ticket in (
        ("without_app", "No name is a name.", _Ticket(app=b"")),
        ("longest_app", "64 bytes.", _Ticket(app=b"x" * 64)),
        ("create_only", "Permission 1.", _Ticket(permissions=1, max_peers=0)),
        ("nothing_permitted", "Permission 0: good for nothing.", _Ticket(permissions=0)),
        ("largest_numbers", "All bits.", _Ticket(expires_at=2**64 - 1, max_peers=65535)),
    ):
        yield _signed(case_id, comment, ticket)
    unknown = _Ticket(permissions=0xFF)
    data = unknown.head() + sha256_mac(_KEY, _LABEL, unknown.head())
    known = _Ticket(permissions=3)
    yield Case(
        id="unknown_permissions",
        comment="Unknown permission bits are skipped.",
        given={"key": _KEY.hex()},
        data=data,
        decoded=known.as_json(),
        reencoded=known.head() + sha256_mac(_KEY, _LABEL, known.head()),
        flags=("extension",),
    )
    yield from _bad_tickets()


def _signed(case_id: str, comment: str, ticket: _Ticket) -> Case:
    data = ticket.head() + sha256_mac(_KEY, _LABEL, ticket.head())
    given: dict[str, Json] = {"key": _KEY.hex()}
    return Case(id=case_id, comment=comment, given=given, data=data, decoded=ticket.as_json())


def _bad_tickets() -> Iterator[Case]:
    head = _Ticket().head()
    good = head + sha256_mac(_KEY, _LABEL, head)
    foreign = head + sha256_mac(_OTHER_KEY, _LABEL, head)
    longer = _Ticket(app=b"x" * 65).head()
    version = _Ticket(version=2).head()
    latin = _Ticket(app=b"\xe9t\xe9").head()
    for case_id, comment, data, drop in (
        ("empty", "No byte.", b"", "too_short"),
        ("35_bytes", "One byte less than head and MAC.", good[:35], "too_short"),
        ("cut", "The last byte is missing.", good[:-1], "bad_mac"),
        ("longer", "One byte more.", good + b"\0", "bad_mac"),
        ("other_key", "Of another operator.", foreign, "bad_mac"),
        ("other_label", "Signed for something else.", head + sha256_mac(_KEY, head), "bad_mac"),
        ("later", "The expiry was put off.", good[:2] + b"\xff" + good[3:], "bad_mac"),
        ("more_rights", "A permission was added.", good[:1] + b"\xff" + good[2:], "bad_mac"),
        ("version_2", "Another layout.", version + sha256_mac(_KEY, _LABEL, version), "bad_field"),
        ("app_65", "65 bytes.", longer + sha256_mac(_KEY, _LABEL, longer), "bad_field"),
        (
            "app_latin",
            "Not UTF-8.",
            latin + sha256_mac(_KEY, _LABEL, latin),
            "bad_utf8",
        ),
    ):
        given: dict[str, Json] = {"key": _KEY.hex()}
        flags = ("forgery",) if drop == "bad_mac" else ()
        yield Case(
            id=f"refused_{case_id}", comment=comment, given=given, data=data, drop=drop, flags=flags
        )


_ROOM = unhex("99ef4176ca 0003 0008 01 0003 746167")
_BARE = unhex("ffffffffff 0001 0400 06 0000")


def _shown(code: str, peers: int, places: int, flags: int, metadata: bytes) -> dict[str, Json]:
    return {
        "code": code,
        "peers": str(peers),
        "max_peers": str(places),
        "password": bool(flags & 1),
        "approval": bool(flags & 2),
        "locked": bool(flags & 4),
        "metadata": metadata.hex(),
    }


def room_lists() -> Iterator[Case]:
    """Yield the cases of room_list.json."""
    tag = _shown("K7QM2XPA", 3, 8, 1, b"tag")
    bare = _shown("ZZZZZZZZ", 1, 1024, 6, b"")
    long = unhex("0000000000 0001 0002 00 0200") + b"x" * 512
    for case_id, comment, data, rooms, flags in (
        (
            "by_hand",
            "99ef4176ca = K7QM2XPA, 0003 members, 0008 places, 01 password, 0003 bytes: tag.",
            _ROOM,
            [tag],
            ("independent",),
        ),
        ("two", "One after the other.", _ROOM + _BARE, [tag, bare], ()),
        ("none", "No room.", b"", [], ("boundary",)),
        (
            "longest",
            "512 bytes of metadata.",
            long,
            [_shown("00000000", 1, 2, 0, b"x" * 512)],
            ("boundary",),
        ),
    ):
        listed: list[Json] = [*rooms]
        yield Case(id=case_id, comment=comment, data=data, decoded={"rooms": listed}, flags=flags)
    strange = _ROOM[:9] + b"\xf9" + _ROOM[10:]
    yield Case(
        id="unknown_flags",
        comment="Unknown bits are skipped.",
        data=strange,
        decoded={"rooms": [tag]},
        reencoded=_ROOM,
        flags=("extension",),
    )
    for case_id, comment, data, drop in (
        ("cut", "One byte of metadata is missing.", _ROOM[:-1], "truncated"),
        ("cut_head", "One byte of the head is missing.", _BARE[:-1], "truncated"),
        ("one_byte_more", "A second entry of one byte.", _ROOM + b"\0", "truncated"),
        ("too_long", "513 bytes of metadata.", long[:10] + b"\x02\x01" + b"x" * 513, "bad_field"),
        ("length_only", "65535 bytes that are not there.", _BARE[:10] + b"\xff\xff", "bad_field"),
    ):
        yield Case(id=f"refused_{case_id}", comment=comment, data=data, drop=drop)


def proofs() -> Iterator[Case]:
    """Yield the cases of proof.json."""
    yield from _access_proofs()
    yield from _password_keys()
    for case_id, comment, key, cookie in (
        ("password_proof", "HMAC over the label and the cookie.", _KEY, _COOKIE),
        ("password_proof_other_cookie", "Another cookie.", _KEY, bytes(20)),
    ):
        proof = hmac.new(key, b"packhorse.v1 proof" + cookie, "sha256").hexdigest()
        yield _made(case_id, comment, {"of": "password", "key": key.hex()}, cookie, proof)
    for name, nonce in (("zeros", bytes(16)), ("ones", b"\xff" * 16), ("other", bytes(range(16)))):
        mask = hmac.new(_KEY, b"packhorse.v1 mask" + nonce, "sha256").digest()
        masked = bytes(one ^ other for one, other in zip(_OTHER_KEY, mask, strict=True))
        given: dict[str, Json] = {"of": "mask", "key": _KEY.hex(), "nonce": nonce.hex()}
        comment = "The key of a password, hidden in SET_ROOM: key XOR mask."
        yield _made(f"mask_nonce_{name}", comment, given, _OTHER_KEY, masked.hex())


def _made(case_id: str, comment: str, given: dict[str, Json], data: bytes, proof: str) -> Case:
    return Case(id=case_id, comment=comment, given=given, data=data, decoded={"proof": proof})


def _password_keys() -> Iterator[Case]:
    for case_id, comment, password, code in (
        (
            "password_key",
            "PBKDF2, 30000 iterations; the bytes are the password.",
            "tag",
            "K7QM2XPA",
        ),
        ("password_key_other_room", "The code is the salt.", "tag", "00000000"),
        ("password_key_utf8", "As typed, in UTF-8; longer than a block.", "é" * 40, "K7QM2XPA"),
    ):
        salt = b"packhorse.v1 room " + code.encode()
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 30_000).hex()
        yield _made(case_id, comment, {"of": "key", "code": code}, password.encode(), key)


def _access_proofs() -> Iterator[Case]:
    for case_id, comment, key, cookie, flags in (
        ("access_by_hand", "HMAC over the label and the cookie.", _KEY, _COOKIE, ("independent",)),
        ("access_other_key", "Another key.", _OTHER_KEY, _COOKIE, ()),
        ("access_other_cookie", "Another cookie.", _KEY, bytes(20), ()),
        ("access_short_key", "16 bytes.", bytes(16), _COOKIE, ("boundary",)),
        ("access_long_key", "100 bytes.", b"\xff" * 100, _COOKIE, ("boundary",)),
    ):
        proof = hmac.new(key, b"packhorse.v1 access" + cookie, "sha256")
        yield Case(
            id=case_id,
            comment=comment,
            given={"of": "access", "key": key.hex()},
            data=cookie,
            decoded={"proof": proof.hexdigest()},
            flags=flags,
        )
