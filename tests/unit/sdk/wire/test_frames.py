"""The payload of FRAME datagrams; the bytes are those of the specification or made by hand."""

import contextlib
from collections.abc import Sequence
from random import Random

import pytest

from packhorse.wire.constants import MAX_ACK_BITMAP, DropReason, Mode
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import (
    PING_FRAME,
    Ack,
    FrameDatagram,
    MessageFrame,
    decode_frames,
    encode_credit,
    encode_message_head,
    encode_prefix,
    with_length,
)


def whole(mode: Mode, channel: int, sequence: int, data: bytes) -> MessageFrame:
    return MessageFrame(mode, channel, sequence, 0, 1, data)


def silent(
    number: int, *, ack: Ack | None = None, messages: Sequence[MessageFrame] = ()
) -> FrameDatagram:
    return FrameDatagram(0, number, False, False, ack, None, list(messages))  # noqa: FBT003 - fields


def asking(
    number: int,
    *,
    ack: Ack | None = None,
    has_ping: bool = False,
    credit: int | None = None,
    messages: Sequence[MessageFrame] = (),
) -> FrameDatagram:
    return FrameDatagram(0, number, True, has_ping, ack, credit, list(messages))  # noqa: FBT003 - fields


EXAMPLES: list[tuple[str, FrameDatagram]] = [
    ("02 0000 40 0000 6869", asking(0, messages=[whole(Mode.RELIABLE, 0, 0, b"hi")])),
    ("01 0000 0000 0c 00", silent(0, ack=Ack(0, 0.012, 0))),
    ("01 0001 0003 00 01 06", silent(1, ack=Ack(3, 0.0, 0b110))),
    (
        "02 0004 44 0001 0003 6f6e65 40 0002 74776f",
        asking(
            4, messages=[whole(Mode.RELIABLE, 0, 1, b"one"), whole(Mode.RELIABLE, 0, 2, b"two")]
        ),
    ),
    (
        "03 0005 0001 05 00 58 07 0203 0001 0003 6162",
        asking(
            5, ack=Ack(1, 0.005, 0), messages=[MessageFrame(Mode.RELIABLE, 7, 515, 1, 3, b"ab")]
        ),
    ),
    (
        "00 0006 20 ffff 706f73",
        silent(6, messages=[whole(Mode.UNRELIABLE_ORDERED, 0, 65535, b"pos")]),
    ),
    (
        "00 0007 0c 01 0000 60 0000",
        silent(
            7,
            messages=[whole(Mode.UNRELIABLE, 1, 0, b""), whole(Mode.RELIABLE_UNORDERED, 0, 0, b"")],
        ),
    ),
    ("02 0008 80", asking(8, has_ping=True)),
    ("02 0009 81 00006400", asking(9, credit=25600)),
    ("00 000a", silent(10)),
    # Accepted, though nobody sends it: zero bytes at the end of a bitmap, a last length.
    ("01 0000 0005 00 02 0100", silent(0, ack=Ack(5, 0.0, 1))),
    ("00 0000 04 0001 61", silent(0, messages=[whole(Mode.UNRELIABLE, 0, 0, b"a")])),
]
MALFORMED = {
    "nothing": "",
    "a truncated number": "02 00",
    "a truncated acknowledgement": "01 0000 0000 00",
    "a truncated bitmap": "01 0000 0000 00 02 ff",
    "a bitmap of 33 bytes": "01 0000 0000 00 21" + "ff" * 33,
    "an unknown control frame": "02 0000 82",
    "the last control frame": "02 0000 ff",
    "a truncated credit": "02 0000 81 000064",
    "the first reserved bit": "00 0000 01 61",
    "the second reserved bit": "00 0000 02 61",
    "a missing channel": "00 0000 08",
    "channel 0 spelled out": "00 0000 08 00 61",
    "a truncated sequence": "02 0000 40 00",
    "a truncated part": "02 0000 50 0000 0000 00",
    "a truncated length": "00 0000 04 00",
    "a length beyond the end": "00 0000 04 0002 61",
    "a message of no pieces": "02 0000 50 0000 0000 0000 61",
    "a message of one piece": "02 0000 50 0000 0000 0001 61",
    "a part beyond the parts": "02 0000 50 0000 0002 0002 61",
    "an empty piece": "02 0000 50 0000 0000 0002",
    "an empty piece with a length": "02 0000 54 0000 0000 0002 0000 40 0000 61",
    "a good frame before a bad one": "02 0000 44 0000 0001 61 82",
}


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_example_is_decoded(text: str, expected: FrameDatagram) -> None:
    assert decode_frames(bytes.fromhex(text)) == expected


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_malformed_payload_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        decode_frames(bytes.fromhex(text))

    assert caught.value.reason is DropReason.BAD_FRAME


def test_random_payloads_raise_only_parse_errors() -> None:
    random = Random(5)  # noqa: S311 - repeatable by design
    decoded = 0

    for _ in range(20_000):
        payload = bytes([random.randrange(4)]) + random.randbytes(random.randrange(30))
        with contextlib.suppress(ParseError):
            datagram = decode_frames(payload)
            decoded += 1
            assert sum(len(frame.payload) for frame in datagram.messages) <= len(payload)

    assert decoded > 500


def test_every_truncation_is_refused_or_a_shorter_payload() -> None:
    payload = bytes.fromhex(EXAMPLES[4][0])
    kept = []

    for end in range(len(payload)):
        with contextlib.suppress(ParseError):
            kept.append((end, len(decode_frames(payload[:end]).messages)))

    # Behind the acknowledgement, and with one byte of the piece.
    assert kept == [(7, 0), (len(payload) - 1, 1)]


@pytest.mark.parametrize("generation", [0, 1, 63])
def test_generation_stands_above_the_two_flags(generation: int) -> None:
    payload = encode_prefix(7, None, asks_ack=True, generation=generation)

    assert payload == bytes([generation << 2 | 2, 0, 7])
    assert decode_frames(payload).generation == generation


def test_largest_of_several_credits_counts() -> None:
    frames = encode_credit(5) + encode_credit(9) + encode_credit(7)

    assert decode_frames(bytes(3) + frames).credit == 9


def test_credit_of_nothing_is_no_missing_credit() -> None:
    assert decode_frames(bytes(3) + encode_credit(0)).credit == 0


def test_ping_stands_between_other_frames() -> None:
    head = with_length(bytes.fromhex("400000"), 1)

    datagram = decode_frames(bytes(3) + PING_FRAME + head + b"a" + PING_FRAME)

    assert [frame.payload for frame in datagram.messages] == [b"a"]
    assert datagram.has_ping
    assert not decode_frames(bytes(3) + head + b"a").has_ping


@pytest.mark.parametrize(("seconds", "byte"), [(0.0129, 12), (0.2549, 254), (0.3, 255), (9.0, 255)])
def test_delay_is_in_milliseconds_rounded_down_and_bounded(seconds: float, byte: int) -> None:
    prefix = encode_prefix(0, Ack(0, seconds, 0), asks_ack=False)

    assert prefix.hex() == f"0100000000{byte:02x}00"


def test_bitmap_is_written_without_zero_bytes_at_its_end() -> None:
    prefix = encode_prefix(65536 + 1, Ack(65536 + 3, 0.0, 0x0106), asks_ack=True)

    assert prefix.hex() == "030001000300020601"


def test_largest_bitmap_is_decoded() -> None:
    ack = Ack(1000, 0.0, (1 << 8 * MAX_ACK_BITMAP) - 1)

    assert decode_frames(encode_prefix(0, ack, asks_ack=False)).ack == ack


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("channel", [0, 1, 255])
@pytest.mark.parametrize(("part", "parts"), [(0, 1), (0, 2), (65534, 65535)])
def test_message_comes_out_as_it_went_in(mode: Mode, channel: int, part: int, parts: int) -> None:
    is_counted = parts > 1 or mode is not Mode.UNRELIABLE
    frame = MessageFrame(mode, channel, 65535 if is_counted else 0, part, parts, b"payload")
    head = encode_message_head(frame)
    first, last = with_length(head, len(frame.payload)) + frame.payload, head + frame.payload

    assert decode_frames(bytes(3) + first + last).messages == [frame, frame]


def test_sequence_on_the_wire_has_16_bits() -> None:
    head = encode_message_head(MessageFrame(Mode.RELIABLE, 0, 65536 + 5, 0, 1, b""))

    assert head.hex() == "400005"
