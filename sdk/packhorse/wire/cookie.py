"""Cookies: proof of a return path that costs the relay no memory.

A cookie is the time in seconds (u32) and a MAC over address, nonce, offer and time, under
a key that changes every minute and is derived from the relay's secret.
"""

import hmac
import struct
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress, encode_address
from packhorse.wire.constants import COOKIE_KEY_PERIOD, COOKIE_LIFETIME, COOKIE_SIZE

_TIME: Final = struct.Struct(">I")
_OFFER: Final = struct.Struct(">BBI")
_KEY_LABEL: Final = b"packhorse.v1 cookie key"
_MAC_SIZE: Final = COOKIE_SIZE - _TIME.size


class Offer(NamedTuple):
    """What a member offered in HELLO and must repeat with the cookie."""

    version_min: int
    version_max: int
    features: int


def make_cookie(
    secret: bytes, source: TransportAddress, nonce: bytes, offer: Offer, *, now: float
) -> bytes:
    """Return the 20-byte cookie for `source` at `now` (seconds, 0..2^32-1).

    Source: protocol_spec/SPEC.md section 5.
    """
    return _cookie_at(secret, source, nonce, offer, int(now))


def is_valid_cookie(
    cookie: bytes,
    secret: bytes,
    source: TransportAddress,
    nonce: bytes,
    offer: Offer,
    *,
    now: float,
) -> bool:
    """Tell whether `cookie` was made for exactly this at most 10 s ago.

    Source: protocol_spec/SPEC.md section 5.
    """
    if len(cookie) != COOKIE_SIZE:
        return False
    (made_at,) = _TIME.unpack_from(cookie)
    if not 0 <= int(now) - made_at <= COOKIE_LIFETIME:
        return False
    return hmac.compare_digest(cookie, _cookie_at(secret, source, nonce, offer, made_at))


def _cookie_at(
    secret: bytes, source: TransportAddress, nonce: bytes, offer: Offer, made_at: int
) -> bytes:
    time = _TIME.pack(made_at)
    key = hmac.digest(secret, _KEY_LABEL + _TIME.pack(made_at // COOKIE_KEY_PERIOD), "sha256")
    signed = encode_address(source) + nonce + _OFFER.pack(*offer) + time
    return time + hmac.digest(key, signed, "sha256")[:_MAC_SIZE]
