"""The header of every datagram."""

from collections.abc import Iterable

from packhorse.wire.constants import HEADER_SIZE, FirstByte
from packhorse.wire.header import decode_header, encode_destination, encode_header, is_legacy
from tests.fuzz.oracles import check, decoded
from tests.support import vectors


def seeds() -> Iterable[bytes]:
    """Return the datagrams of the vectors."""
    return [vector.data for vector in vectors.load("header")]


def run(data: bytes) -> None:
    """Decode a datagram; what is accepted has one encoding (HDR-1)."""
    header = decoded(lambda: decode_header(data))
    if header is None:
        return
    first = FirstByte[header.kind.name]
    check(not is_legacy(data), "a datagram of two protocols")
    check(encode_header(first, header.tag, header.word) == data[:HEADER_SIZE], "word")
    check(
        encode_destination(first, header.tag, header.destination) == data[:HEADER_SIZE],
        "destination",
    )
