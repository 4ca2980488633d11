"""Cookies of a listener."""

import pytest

from packhorse.core.pipes.proof import LIFETIME, is_valid_cookie, make_cookie
from packhorse.wire.address import TransportAddress

SECRET = bytes(range(32))
SOURCE = TransportAddress("192.0.2.1", 4000)
ASKER = b"askerask"


def is_valid(
    cookie: bytes,
    *,
    secret: bytes = SECRET,
    source: TransportAddress = SOURCE,
    asker: bytes = ASKER,
    now: float = 100.0,
) -> bool:
    return is_valid_cookie(cookie, secret, source, asker, now=now)


COOKIE = make_cookie(SECRET, SOURCE, ASKER, now=100.0)


def test_cookie_has_16_bytes_and_holds_for_its_lifetime() -> None:
    assert len(COOKIE) == 16
    assert is_valid(COOKIE, now=100.0)
    assert is_valid(COOKIE, now=100.0 + LIFETIME)
    assert not is_valid(COOKIE, now=101.0 + LIFETIME)
    assert not is_valid(COOKIE, now=99.0)


def test_cookie_of_somebody_else_does_not_hold() -> None:
    assert not is_valid(COOKIE, source=TransportAddress("192.0.2.1", 4001))
    assert not is_valid(COOKIE, source=TransportAddress("192.0.2.2", 4000))
    assert not is_valid(COOKIE, asker=b"other id")
    assert not is_valid(COOKIE, secret=bytes(32))


@pytest.mark.parametrize("cookie", [b"", COOKIE[:-1], COOKIE + b"\0", bytes(16)])
def test_malformed_cookie_does_not_hold(cookie: bytes) -> None:
    assert not is_valid(cookie)
