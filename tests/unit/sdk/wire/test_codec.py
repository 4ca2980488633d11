"""Control messages to bodies and back."""

from collections.abc import Callable
from typing import Any

import pytest

from packhorse.wire.codec import decode_body, encode_body
from packhorse.wire.constants import DropReason, ErrorCode, FirstByte, RoomEventKind, Topology
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Closed, Error, Events, Hello, Join, Kick, Nudge, Ping

HELLO = Hello(version_min=1, version_max=1, features=0, nonce=bytes(16))
JOIN_FIELDS: dict[str, Any] = {
    "version_min": 1,
    "version_max": 1,
    "features": 0,
    "nonce": bytes(16),
    "cookie": bytes(20),
    "max_datagram": 1200,
}


def reason_of(body: bytes, carrier: FirstByte, sender: Sender) -> DropReason:
    """Return why the body is refused."""
    with pytest.raises(ParseError) as caught:
        decode_body(body, carrier, sender)
    return caught.value.reason


def test_message_without_fields_is_its_type_alone() -> None:
    assert encode_body(Nudge()) == bytes.fromhex("81 00 07")


def test_optional_field_that_is_none_is_left_out() -> None:
    assert encode_body(Ping(seq=1)) == bytes.fromhex("82 00 10 01 01")


def test_optional_field_that_is_false_is_written() -> None:
    body = encode_body(Kick(seq=1, peer=2, ban=False))

    assert body == bytes.fromhex("84 00 16 01 01 0b 02 0c c2")


def test_absent_optional_field_is_none() -> None:
    decoded = decode_body(bytes.fromhex("82 00 10 01 01"), FirstByte.SEAL, Sender.MEMBER)

    assert decoded == Ping(seq=1, pad=None)


def test_records_are_decoded_to_tuples() -> None:
    body = bytes.fromhex("83 00 13 01 01 07 91 94 04 02 03 00")

    decoded = decode_body(body, FirstByte.SEAL, Sender.RELAY)

    assert decoded == Events(seq=1, events=((4, 2, 3, 0),))
    assert hash(decoded)


def test_extra_keys_are_written_in_key_order() -> None:
    """GREASE (SPEC.md section 9)."""
    assert encode_body(Nudge(), {127: 1, 112: 0}) == bytes.fromhex("83 00 07 70 00 7f 01")


def test_extra_keys_are_skipped() -> None:
    """MSG-2."""
    body = encode_body(HELLO, {112: {0: [1, None]}})

    assert decode_body(body, FirstByte.CTRL, Sender.MEMBER) == HELLO


def test_extra_keys_outside_the_profile_are_not_encoded() -> None:
    with pytest.raises(LocalProtocolError, match="msgpack profile"):
        encode_body(HELLO, {128: 0})


def test_enum_members_are_encoded_as_their_number() -> None:
    named = Events(seq=1, events=((1, RoomEventKind.PEER_LEFT, 2, ErrorCode.KICKED),))

    assert encode_body(named) == encode_body(Events(seq=1, events=((1, 2, 2, 402),)))


def test_enum_member_of_a_plain_field_is_encoded_as_its_number() -> None:
    assert encode_body(Error(code=ErrorCode.QUOTA)) == encode_body(Error(code=303))


@pytest.mark.parametrize("code", [-1, 0x10000, True, 1.0, "1", None, b"\1", Topology])
def test_wrong_value_of_a_number_is_not_encoded(code: Any) -> None:
    with pytest.raises(LocalProtocolError, match=r"Closed\.code does not accept"):
        encode_body(Closed(seq=1, code=code))


@pytest.mark.parametrize("code", ["123456789", "éééé1", b"12345678", 7, None])
def test_wrong_value_of_a_text_is_not_encoded(code: Any) -> None:
    with pytest.raises(LocalProtocolError, match=r"Join\.code does not accept"):
        encode_body(Join(**JOIN_FIELDS, code=code))


@pytest.mark.parametrize("code", ["\ud800", "a\0b"])
def test_text_outside_the_profile_is_not_encoded(code: str) -> None:
    with pytest.raises(LocalProtocolError, match="msgpack profile"):
        encode_body(Join(**JOIN_FIELDS, code=code))


@pytest.mark.parametrize("pad", [bytes(1181), bytearray(4), "x", 5, [0]])
def test_wrong_value_of_a_byte_string_is_not_encoded(pad: Any) -> None:
    with pytest.raises(LocalProtocolError, match=r"Hello\.pad does not accept"):
        encode_body(Hello(version_min=1, version_max=1, features=0, nonce=bytes(16), pad=pad))


@pytest.mark.parametrize(
    "events",
    [((1, 2, 3),), ((1, 2, 3, -1),), ((1, 2, 3, True),), ((1, 2, 3, 4),) * 33, (1, 2), None, "ab"],
)
def test_wrong_records_are_not_encoded(events: Any) -> None:
    with pytest.raises(LocalProtocolError, match=r"Events\.events does not accept"):
        encode_body(Events(seq=1, events=events))


def test_number_of_a_record_above_32_bits_is_not_encoded() -> None:
    with pytest.raises(LocalProtocolError, match="msgpack profile"):
        encode_body(Events(seq=1, events=((2**32, 1, 1, 0),)))


def test_reason_names_the_first_wrong_field_in_key_order() -> None:
    missing_then_bad = bytes.fromhex("82 00 17 14 c0")  # ACK without 1 and 13, bad 20
    bad_then_missing = bytes.fromhex("82 00 17 01 c0")  # ACK with bad 1, without 13 and 20

    first = reason_of(missing_then_bad, FirstByte.SEAL, Sender.RELAY)
    second = reason_of(bad_then_missing, FirstByte.SEAL, Sender.RELAY)

    assert (first, second) == (DropReason.MISSING_FIELD, DropReason.BAD_FIELD)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda body: body + b"\xc1", DropReason.TRAILING_BYTES),
        (lambda body: body.replace(b"\x00\x10", b"\x00\x64"), DropReason.UNKNOWN_TYPE),
        (lambda body: body, DropReason.WRONG_CARRIER),
    ],
)
def test_profile_comes_before_type_before_carrier(
    change: Callable[[bytes], bytes], reason: DropReason
) -> None:
    body = change(encode_body(Ping(seq=1)))

    assert reason_of(body, FirstByte.CTRL, Sender.RELAY) is reason


def test_direction_comes_before_fields() -> None:
    """MSG-4."""
    body = bytes.fromhex("81 00 10")  # PING without seq

    assert reason_of(body, FirstByte.SEAL, Sender.RELAY) is DropReason.WRONG_DIRECTION


def test_negative_type_is_no_type() -> None:
    body = bytes.fromhex("81 00 ff")

    assert reason_of(body, FirstByte.CTRL, Sender.MEMBER) is DropReason.NOT_A_MESSAGE


@pytest.mark.parametrize("carrier", [FirstByte.DATA, FirstByte.FRAME])
def test_no_message_belongs_into_data(carrier: FirstByte) -> None:
    assert reason_of(encode_body(HELLO), carrier, Sender.MEMBER) is DropReason.WRONG_CARRIER
