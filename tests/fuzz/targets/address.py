"""Transport addresses in messages, and the ranges that limits count them in."""

from collections.abc import Iterable
from typing import Final

from packhorse.wire.address import decode_address, encode_address, source_of
from packhorse_relay.core.buckets import scopes_of
from tests.fuzz.oracles import check
from tests.support import vectors

_IPV6_SIZE: Final = 18  # bytes, with the port
_IPV4_SIZE: Final = 6
_MAPPED: Final = bytes(10) + b"\xff\xff"


def seeds() -> Iterable[bytes]:
    """Return the addresses of the vectors."""
    return [vector.data for vector in vectors.load("address")]


def run(data: bytes) -> None:
    """Decode an address, whose size the field has checked: each has one encoding."""
    size = _IPV6_SIZE if len(data) >= _IPV6_SIZE else _IPV4_SIZE
    data = data[:size].ljust(size, b"\0")
    plain = data[len(_MAPPED) :] if size == _IPV6_SIZE and data.startswith(_MAPPED) else data
    address = decode_address(data)
    check(encode_address(address) == plain, "another encoding")
    source = source_of(address)
    check(plain.startswith(source), "a source that the address is not in")
    check(all(source.startswith(scope.key) for scope in scopes_of(source)), "a foreign range")
