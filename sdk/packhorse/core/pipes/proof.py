"""Cookies of a listener: whoever shows one is reached at the address it speaks from."""

import hmac
import struct
from typing import Final

from packhorse.core.pipes.greeting import COOKIE_SIZE
from packhorse.wire.address import TransportAddress, encode_address

LIFETIME: Final = 10  # seconds
_TIME: Final = struct.Struct(">I")
_MAC_SIZE: Final = COOKIE_SIZE - _TIME.size


def make_cookie(secret: bytes, source: TransportAddress, asker: bytes, *, now: float) -> bytes:
    """Return the 16-byte cookie for an id that asks from `source` at `now` (seconds, u32)."""
    return _cookie_at(secret, source, asker, int(now))


def is_valid_cookie(
    cookie: bytes, secret: bytes, source: TransportAddress, asker: bytes, *, now: float
) -> bool:
    """Tell whether `cookie` was made for exactly this at most 10 s ago."""
    if len(cookie) != COOKIE_SIZE:
        return False
    (made_at,) = _TIME.unpack_from(cookie)
    if not 0 <= int(now) - made_at <= LIFETIME:
        return False
    return hmac.compare_digest(cookie, _cookie_at(secret, source, asker, made_at))


def _cookie_at(secret: bytes, source: TransportAddress, asker: bytes, made_at: int) -> bytes:
    time = _TIME.pack(made_at)
    signed = encode_address(source) + asker + time
    return time + hmac.digest(secret, signed, "sha256")[:_MAC_SIZE]
