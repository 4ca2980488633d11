"""Topic binding: the proofs of BIND and of the GRANT that answers it, and the epoch's key."""

import hmac
from collections.abc import Iterator

from tests.support.vector_cases.build import Case, Values, body, sha256_mac, u32, unhex

_KEY = bytes(range(32))
_NONCE = bytes(range(16))
_SHARE = bytes(range(64, 96))
_COOKIE = unhex("68000000 000102030405060708090a0b0c0d0e0f")
_TICKET = unhex("0123456789abcdef")
_SESSION = 0x01020304
_BIND: Values = {
    "version_min": 1,
    "version_max": 1,
    "features": 0,
    "nonce": _NONCE,
    "cookie": _COOKIE,
    "max_datagram": 1200,
    "session": _SESSION,
    "resume_ticket": _TICKET,
}
_GRANT: Values = {
    "version": 1,
    "features": 0,
    "max_datagram": 1200,
    "topology": 0,
    "max_peers": 64,
    "code": "K7QM2XPA",
    "session": _SESSION,
    "tag": 0x5C,
    "key": _SHARE,
    "peer": 7,
    "rev": 9,
    "ping_interval_ms": 5000,
    "lost_after_ms": 15000,
    "removed_after_ms": 60000,
    "mapped": unhex("c0000201 c000"),
}


def cases() -> Iterator[Case]:
    """Yield the cases of binding.json."""
    yield from _binds()
    yield from _grants()


def _bind_proof(cookie: bytes, numbers: bytes, ticket: bytes, key: bytes = _KEY) -> bytes:
    bind_key = hmac.new(key, b"packhorse.v1 bind", "sha256").digest()
    return sha256_mac(bind_key, cookie, numbers, ticket)


def _bind(case_id: str, comment: str, values: Values, proof: bytes, drop: str | None) -> Case:
    return Case(
        id=f"bind_{case_id}",
        comment=comment,
        given={"sender": "member", "session_key": _KEY.hex()},
        data=unhex("a5 00 00000007") + body("BIND", {**values, "proof": proof}),
        decoded=None if drop else {"proof": proof.hex()},
        drop=drop,
        flags=("forgery",) if drop else ("independent",),
    )


def _binds() -> Iterator[Case]:
    numbers = u32(_SESSION) + unhex("04b0 00")
    right = _bind_proof(_COOKIE, numbers, _TICKET)
    yield _bind("right", "Over cookie, 01020304, 04b0, 00, ticket.", _BIND, right, None)
    plain = {name: value for name, value in _BIND.items() if name != "resume_ticket"}
    yield _bind("no_ticket", "Without a ticket.", plain, _bind_proof(_COOKIE, numbers, b""), None)
    restarted = {**_BIND, "restarted": True}
    proof = _bind_proof(_COOKIE, u32(_SESSION) + unhex("04b0 01"), _TICKET)
    yield _bind("restarted", "The last number is 01.", restarted, proof, None)
    guarded = {**_BIND, "guarded": True}
    proof = _bind_proof(_COOKIE, u32(_SESSION) + unhex("04b0 02"), _TICKET)
    yield _bind("guarded", "The last number is 02.", guarded, proof, None)
    proof = _bind_proof(_COOKIE, u32(_SESSION) + unhex("04b0 03"), _TICKET)
    both = {**restarted, "guarded": True}
    yield _bind("restarted_guarded", "The last number is 03.", both, proof, None)
    other_key = _bind_proof(_COOKIE, numbers, _TICKET, bytes(32))
    yield _bind("other_key", "The key of another session.", _BIND, other_key, "bad_mac")
    for name, value in {
        "cookie": _COOKIE[:-1] + b"\0",
        "session": _SESSION + 1,
        "max_datagram": 1199,
        "resume_ticket": _TICKET + b"\0",
        "restarted": True,
        "guarded": True,
    }.items():
        comment = f"Another {name} than the proof is for."
        yield _bind(f"other_{name}", comment, {**_BIND, name: value}, right, "bad_mac")


def _grant(case_id: str, comment: str, values: Values, epoch: bytes, drop: str | None) -> Case:
    return Case(
        id=f"grant_{case_id}",
        comment=comment,
        given={"sender": "relay", "session_key": _KEY.hex(), "nonce": _NONCE.hex()},
        data=unhex("a5 00 00000007") + body("GRANT", values),
        decoded=None if drop else {"epoch_key": epoch.hex()},
        drop=drop,
        flags=("forgery",) if drop else ("independent",),
    )


def _grants() -> Iterator[Case]:
    epoch = hmac.new(_KEY, b"packhorse.v1 epoch" + _NONCE + _SHARE, "sha256").digest()
    numbers = u32(_SESSION) + unhex("5c 00000007 04b0")
    proof = sha256_mac(epoch, b"packhorse.v1 bound", numbers, b"K7QM2XPA")
    right = {**_GRANT, "proof": proof}
    yield _grant("right", "Over 01020304, 5c, 00000007, 04b0, K7QM2XPA.", right, epoch, None)
    yield _grant("no_proof", "A GRANT as for JOIN.", _GRANT, epoch, "bad_mac")
    for name, value in {
        "session": _SESSION + 1,
        "tag": 0x5D,
        "peer": 8,
        "max_datagram": 1199,
        "code": "K7QM2XPB",
        "key": bytes(32),
    }.items():
        comment = f"Another {name} than the proof is for."
        yield _grant(f"other_{name}", comment, {**right, name: value}, epoch, "bad_mac")
