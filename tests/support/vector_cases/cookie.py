"""Topic cookie: proof of a return path, made and checked by relays only."""

import hmac
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.vector_cases.build import Case, Json, u32, unhex

_SECRET = bytes(range(100, 132))
_ADDRESS = unhex("c0000207 d431")  # 192.0.2.7 port 54321
_NONCE = bytes(range(16))


class _Input(NamedTuple):
    """All that a cookie depends on, and the time when it is shown."""

    secret: bytes = _SECRET
    address: bytes = _ADDRESS
    nonce: bytes = _NONCE
    version_min: int = 1
    version_max: int = 1
    features: int = 0
    now: int = 1000

    def as_json(self) -> dict[str, Json]:
        return {
            name: value.hex() if isinstance(value, bytes) else str(value)
            for name, value in self._asdict().items()
        }


def _make(given: _Input) -> bytes:
    """Return the cookie as section 5 writes it, made at `given.now`."""
    time = u32(given.now)
    label = b"packhorse.v1 cookie key" + u32(given.now // 60)
    key = hmac.new(given.secret, label, "sha256").digest()
    offer = bytes([given.version_min, given.version_max]) + u32(given.features)
    signed = given.address + given.nonce + offer + time
    return time + hmac.new(key, signed, "sha256").digest()[:16]


def cases() -> Iterator[Case]:
    """Yield the cases of cookie.json."""
    yield from _valid()
    yield from _aged()
    yield from _other()
    yield from _altered()


def _accepted(case_id: str, comment: str, made: _Input, now: int, *flags: str) -> Case:
    return Case(
        id=case_id,
        comment=comment,
        given=made._replace(now=now).as_json(),
        data=_make(made),
        decoded={"time": str(made.now)},
        flags=flags,
    )


def _refused(case_id: str, comment: str, shown: _Input, data: bytes, *flags: str) -> Case:
    given = shown.as_json()
    drop = "cookie_invalid"
    return Case(id=case_id, comment=comment, given=given, data=data, drop=drop, flags=flags)


def _valid() -> Iterator[Case]:
    example = _Input(
        secret=bytes(range(0x20, 0x40)), address=unhex("c0000201 c000"), features=0x08000000
    )
    yield Case(
        id="of_the_specification",
        comment="SPEC.md section 5.8: the cookie in CHALLENGE.",
        given=example.as_json(),
        data=unhex("000003e8 1438c187212b2c8643537440784803a0"),
        decoded={"time": "1000"},
        flags=("independent",),
    )
    signed = unhex(
        "c0000207 d431 000102030405060708090a0b0c0d0e0f 01 01 00000000 000003e8"
    )  # address, nonce, versions, features, time
    key = hmac.new(_SECRET, b"packhorse.v1 cookie key" + unhex("00000010"), "sha256").digest()
    yield Case(
        id="by_hand",
        comment=(
            "192.0.2.7 = c0000207, 54321 = d431; time 1000 = 000003e8; period 1000 // 60 = 16 = "
            "00000010 in the label of the key; MAC over address, nonce, 01, 01, features, time."
        ),
        given=_Input().as_json(),
        data=unhex("000003e8") + hmac.new(key, signed, "sha256").digest()[:16],
        decoded={"time": "1000"},
        flags=("independent",),
    )
    ipv6 = _Input(address=unhex("20010db8000000000000000000000001 0050"))
    yield _accepted("ipv6", "2001:db8::1 port 80.", ipv6, 1001)
    most = _Input(b"\xff" * 32, b"\xff" * 18, b"\xff" * 16, 255, 255, 2**32 - 1, 2**32 - 1)
    yield _accepted("largest", "Every value at its largest.", most, 2**32 - 1, "boundary")
    least = _Input(bytes(32), bytes(6), bytes(16), 0, 0, 0, 0)
    yield _accepted("smallest", "Every value at its smallest.", least, 0, "boundary")


def _aged() -> Iterator[Case]:
    made = _Input()
    yield _accepted("age_1", "One second old.", made, 1001)
    yield _accepted("age_10", "As old as it may be.", made, 1010, "boundary")
    comment = "One second too old."
    yield _refused("age_11", comment, made._replace(now=1011), _make(made), "boundary")
    comment = "Made a second after now: of another relay, or of a clock that went back."
    yield _refused("from_the_future", comment, made._replace(now=999), _make(made), "boundary")
    late = _Input(now=1019)  # 1020 // 60 = 17
    comment = "Made in period 16, shown in 17: the key is that of its time."
    yield _accepted("key_period_boundary", comment, late, 1020, "boundary")
    yield _accepted("key_period_boundary_10", "Made in period 16, shown at 1029.", late, 1029)
    first = _Input(now=1020)
    yield _accepted("key_period_first_second", "Made in the first second of 17.", first, 1020)
    old_key = u32(1020) + _make(late)[4:]
    comment = "Time of period 17, MAC of period 16."
    yield _refused("time_moved_on", comment, first, old_key, "forgery")


def _other() -> Iterator[Case]:
    made = _Input()
    data = _make(made)
    for case_id, comment, shown in (
        ("other_secret", "Secret of another relay.", made._replace(secret=bytes(32))),
        ("other_ip", "192.0.2.8.", made._replace(address=unhex("c0000208 d431"))),
        ("other_port", "Port 54320.", made._replace(address=unhex("c0000207 d430"))),
        ("other_nonce", "Last bit of the nonce.", made._replace(nonce=_NONCE[:-1] + b"\x0e")),
        ("other_version_min", "Lowest version 0.", made._replace(version_min=0)),
        ("other_version_max", "Highest version 2.", made._replace(version_max=2)),
        ("other_features", "One feature bit more.", made._replace(features=1)),
    ):
        yield _refused(case_id, comment, shown, data, "forgery")


def _altered() -> Iterator[Case]:
    made = _Input()
    data = _make(made)
    for place in (4, 12, 19):
        bad = bytearray(data)
        bad[place] ^= 0x80
        comment = f"First bit of byte {place} is wrong."
        yield _refused(f"flip_byte_{place}", comment, made, bytes(bad), "forgery")
    fresh = u32(1005) + data[4:]
    comment = "The time was put forward."
    yield _refused("time_altered", comment, made._replace(now=1012), fresh, "forgery")
    yield _refused("zeros", "20 zero bytes at time 0.", made._replace(now=0), bytes(20), "forgery")
    yield _refused("cut", "19 bytes.", made, data[:-1], "boundary")
    yield _refused("longer", "21 bytes.", made, data + b"\0", "boundary")
    yield _refused("empty", "No byte.", made, b"", "boundary")
