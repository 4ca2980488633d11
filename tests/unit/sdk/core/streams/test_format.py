"""Messages of streams as bytes, worked out by hand from the table in the module."""

import pytest

from packhorse.core.streams import format as stream_format
from packhorse.core.streams.format import ResetReason, StreamKind, StreamMessage
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

CASES = [
    (stream_format.encode_open(3), "0103", StreamMessage(StreamKind.OPEN, 3, b"")),
    (stream_format.OPENED, "02", StreamMessage(StreamKind.OPENED, 0, b"")),
    (stream_format.encode_data(b"hi"), "036869", StreamMessage(StreamKind.DATA, 0, b"hi")),
    (stream_format.FIN, "04", StreamMessage(StreamKind.FIN, 0, b"")),
    (
        stream_format.encode_window(0x01020304),
        "0501020304",
        StreamMessage(StreamKind.WINDOW, 0x01020304, b""),
    ),
    (
        stream_format.encode_reset(ResetReason.REFUSED),
        "0602",
        StreamMessage(StreamKind.RESET, 2, b""),
    ),
    (stream_format.CLOSED, "07", StreamMessage(StreamKind.CLOSED, 0, b"")),
]


@pytest.mark.parametrize(("encoded", "expected", "message"), CASES)
def test_message_has_its_bytes_and_comes_back(
    encoded: bytes, expected: str, message: StreamMessage
) -> None:
    assert encoded.hex() == expected
    assert stream_format.decode_stream_message(encoded) == message


@pytest.mark.parametrize("tail", [b"x", b"longer"])
def test_body_of_a_later_version_may_be_longer(tail: bytes) -> None:
    decode = stream_format.decode_stream_message

    assert decode(stream_format.encode_reset(ResetReason.BUSY) + tail).value == ResetReason.BUSY
    assert decode(stream_format.FIN + tail) == decode(stream_format.FIN)
    assert decode(stream_format.encode_window(7) + tail).value == 7


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", DropReason.TOO_SHORT),
        ("00", DropReason.UNKNOWN_TYPE),
        ("08", DropReason.UNKNOWN_TYPE),
        ("ff00", DropReason.UNKNOWN_TYPE),
        ("01", DropReason.TRUNCATED),
        ("05010203", DropReason.TRUNCATED),
        ("06", DropReason.TRUNCATED),
    ],
)
def test_message_that_makes_no_sense_is_refused(encoded: str, reason: DropReason) -> None:
    with pytest.raises(ParseError) as caught:
        stream_format.decode_stream_message(bytes.fromhex(encoded))

    assert caught.value.reason is reason


def test_empty_data_is_data() -> None:
    assert stream_format.decode_stream_message(b"\x03") == StreamMessage(StreamKind.DATA, 0, b"")


def test_reason_of_a_later_version_is_a_plain_reset() -> None:
    assert stream_format.known_reason(4) is ResetReason.BUSY
    assert stream_format.known_reason(99) is ResetReason.RESET
