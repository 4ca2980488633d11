"""The header; the vectors hold every first byte and size."""

import struct

import pytest

from packhorse.wire.constants import DropReason, FirstByte, Kind
from packhorse.wire.errors import ParseError
from packhorse.wire.header import (
    Header,
    decode_header,
    encode_destination,
    encode_header,
    is_legacy,
)


@pytest.mark.parametrize("first", list(FirstByte))
def test_header_of_every_kind_survives_the_way(first: FirstByte) -> None:
    tag = 0 if first is FirstByte.CTRL else 0x5C

    header = decode_header(encode_header(first, tag, 0x12345678) + b"x")

    assert header == Header(Kind[first.name], tag, 0x12345678)


@pytest.mark.parametrize("destination", [0, 1, -1, 2**31 - 1, -(2**31)])
def test_destination_survives_the_way(destination: int) -> None:
    header = decode_header(encode_destination(FirstByte.DATA, 1, destination) + b"x")

    assert header.destination == destination


@pytest.mark.parametrize("destination", [2**31, -(2**31) - 1])
def test_destination_beyond_32_bits_is_refused(destination: int) -> None:
    with pytest.raises(struct.error):
        encode_destination(FirstByte.DATA, 1, destination)


@pytest.mark.parametrize(("word", "source", "is_fanout"), [(3, 3, False), (0x80000003, 3, True)])
def test_source_and_fanout_share_the_word(word: int, source: int, *, is_fanout: bool) -> None:
    header = Header(Kind.DATA, 0, word)

    assert (header.source, header.is_fanout) == (source, is_fanout)


def test_kind_is_told_by_the_first_byte_alone() -> None:
    """HDR-1."""
    kinds = {decode_header(bytes([first]) + bytes(30)).kind for first in FirstByte}

    assert kinds == set(Kind)


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (bytes(3), DropReason.TOO_SHORT, 3),
        (b"\xa4" + bytes(1406), DropReason.TOO_LARGE, 1406),
        (b"\xa5\x01" + bytes(8), DropReason.NONZERO_TAG, 1),
        (b"\xa7" + bytes(5), DropReason.EMPTY_PAYLOAD, 6),
        (b"\xa8" + bytes(8), DropReason.UNSUPPORTED_VERSION, 0),
        (b"\x00\xaa" + bytes(8), DropReason.UNKNOWN_PREFIX, 0),
    ],
)
def test_refusal_names_reason_and_place(data: bytes, reason: DropReason, offset: int) -> None:
    with pytest.raises(ParseError) as caught:
        decode_header(data)

    assert (caught.value.reason, caught.value.offset) == (reason, offset)


@pytest.mark.parametrize("data", [b"\x00", b"\x00\xaa\x00\x00\x00\x01", b"\x00\xff"])
def test_legacy_is_told_by_the_first_byte_alone(data: bytes) -> None:
    """HDR-1."""
    assert is_legacy(data)


@pytest.mark.parametrize("data", [b"", b"\xaa\x00", b"\xa4\x00\x00\x00\x00\x01\x00"])
def test_other_first_bytes_are_not_legacy(data: bytes) -> None:
    assert not is_legacy(data)
