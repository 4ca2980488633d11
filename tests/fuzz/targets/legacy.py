"""Datagrams of the legacy protocol."""

from collections.abc import Iterable

from packhorse.wire.header import decode_header, is_legacy
from packhorse.wire.legacy import decode_legacy, encode_legacy
from tests.fuzz.oracles import check, decoded
from tests.support import vectors


def seeds() -> Iterable[bytes]:
    """Return the datagrams of the vectors."""
    return [vector.data for vector in vectors.load("legacy")]


def run(data: bytes) -> None:
    """Decode a datagram; what is accepted has one encoding, and is none of ours."""
    datagram = decoded(lambda: decode_legacy(data))
    if datagram is None:
        return
    check(encode_legacy(*datagram) == data, "another encoding")
    check(is_legacy(data), "not taken for the legacy protocol")
    check(decoded(lambda: decode_header(data)) is None, "a datagram of two protocols")
