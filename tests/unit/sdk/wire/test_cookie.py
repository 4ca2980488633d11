"""Cookies: the vectors hold the bytes, these tests the edges of the clock and of the sizes."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.cookie import Offer, is_valid_cookie, make_cookie

SECRET = bytes(range(32))
SOURCE = TransportAddress("192.0.2.7", 54321)
NONCE = bytes(16)
OFFER = Offer(1, 1, 0)


def make(now: float, source: TransportAddress = SOURCE) -> bytes:
    """Return a cookie made at `now`."""
    return make_cookie(SECRET, source, NONCE, OFFER, now=now)


def is_valid(cookie: bytes, now: float, source: TransportAddress = SOURCE) -> bool:
    """Tell whether the cookie is good at `now`."""
    return is_valid_cookie(cookie, SECRET, source, NONCE, OFFER, now=now)


def test_cookie_is_made_of_whole_seconds() -> None:
    assert make(1000.0) == make(1000.999)


@pytest.mark.parametrize("now", [1000.0, 1000.999, 1005.5, 1010.0, 1010.999])
def test_cookie_is_valid_for_10_seconds(now: float) -> None:
    """JOIN-3."""
    assert is_valid(make(1000.7), now)


@pytest.mark.parametrize("now", [999.999, 0.0, 1011.0, 2000.0])
def test_cookie_is_refused_when_too_old_or_of_the_future(now: float) -> None:
    """JOIN-3."""
    assert not is_valid(make(1000.0), now)


def test_cookie_does_not_depend_on_the_listener() -> None:
    other = TransportAddress(SOURCE.host, SOURCE.port, listener=4)

    assert is_valid(make(1000.0), 1000.0, other)


def test_cookie_of_an_ipv4_mapped_address_is_that_of_the_ipv4_address() -> None:
    mapped = TransportAddress("::ffff:192.0.2.7", SOURCE.port)

    assert is_valid(make(1000.0, mapped), 1000.0)


@pytest.mark.parametrize("size", [0, 3, 4, 19, 21, 40])
def test_cookie_of_another_size_is_refused(size: int) -> None:
    assert not is_valid((make(1000.0) * 2)[:size], 1000.0)


def test_cookies_of_two_seconds_share_no_mac() -> None:
    assert make(1000.0)[4:] != make(1001.0)[4:]
