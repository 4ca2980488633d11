"""Tests of the STUN codec."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.stun import (
    Attribute,
    StunMessage,
    StunType,
    decode_stun,
    encode_request,
    encode_stun,
    encode_success,
    encode_unknown,
    is_stun,
)
from tests.support.stun_samples import ANSWER_IPV4, ANSWER_IPV6, REQUEST

TRANSACTION = bytes(range(12))


def reason(data: bytes) -> DropReason:
    """Return why a message is refused."""
    with pytest.raises(ParseError) as refused:
        decode_stun(data)
    return refused.value.reason


def test_sample_request_of_rfc_5769_is_read() -> None:
    message = decode_stun(REQUEST)
    assert is_stun(REQUEST)
    assert message.type is StunType.REQUEST
    assert message.transaction.hex() == "b7e7a701bc34d686fa87dfae"
    assert message.get(Attribute.SOFTWARE) == b"STUN test client"
    assert message.get(Attribute.USERNAME) == b"evtj:h6vY"
    assert message.unknown_attributes == (0x0024, Attribute.USERNAME, Attribute.MESSAGE_INTEGRITY)


@pytest.mark.parametrize(
    ("sample", "host"),
    [(ANSWER_IPV4, "192.0.2.1"), (ANSWER_IPV6, "2001:db8:1234:5678:11:2233:4455:6677")],
)
def test_sample_answers_of_rfc_5769_are_read(sample: bytes, host: str) -> None:
    message = decode_stun(sample)
    assert message.type is StunType.SUCCESS
    assert message.mapped == TransportAddress(host, 32853)
    assert message.other_port is None


@pytest.mark.parametrize(
    "data",
    [b"", REQUEST[:19], b"\0\1\0\0" + bytes(16), b"\0\2" + REQUEST[2:]],
    ids=["nothing", "short", "no cookie", "no Binding message"],
)
def test_what_is_no_stun_is_refused(data: bytes) -> None:
    assert not is_stun(data)
    assert reason(data) is DropReason.BAD_STUN


@pytest.mark.parametrize("sample", [REQUEST, ANSWER_IPV4, ANSWER_IPV6])
def test_flipped_bits_are_noticed(sample: bytes) -> None:
    """In the transaction id, in a value, in the FINGERPRINT (RFC 8489, 14.7)."""
    places = (*range(8, 20), *range(24, 32), *range(len(sample) - 4, len(sample)))
    for bit in (8 * place + number for place in places for number in range(8)):
        changed = bytearray(sample)
        changed[bit // 8] ^= 1 << bit % 8
        assert reason(bytes(changed)) is DropReason.BAD_STUN


def test_every_cut_message_is_refused() -> None:
    for size in range(20, len(REQUEST)):
        assert reason(REQUEST[:size]) is DropReason.BAD_STUN


def test_attribute_that_reaches_beyond_the_end_is_refused() -> None:
    head = bytes.fromhex("00010004 2112a442") + TRANSACTION
    assert reason(head + bytes.fromhex("00260400")) is DropReason.BAD_STUN


def test_message_of_very_many_attributes_is_refused() -> None:
    attributes = tuple((0x8000 + number, b"") for number in range(16))
    assert reason(encode_stun(StunMessage(StunType.REQUEST, TRANSACTION, attributes)))


def test_attribute_behind_the_fingerprint_is_refused() -> None:
    signed = encode_request(TRANSACTION, size=40)
    longer = signed[:2] + (len(signed) - 16).to_bytes(2, "big") + signed[4:] + bytes(4)
    assert reason(longer) is DropReason.BAD_STUN


@pytest.mark.parametrize("value", ["", "00", "0001", "0003a1470102", "0001a14701020304ff"])
def test_malformed_mapped_address_is_refused(value: str) -> None:
    attributes = ((int(Attribute.XOR_MAPPED_ADDRESS), bytes.fromhex(value)),)
    message = StunMessage(StunType.SUCCESS, TRANSACTION, attributes)
    with pytest.raises(ParseError, match="bad_stun"):
        _ = message.mapped


@pytest.mark.parametrize("size", [40, 80, 400])
@pytest.mark.parametrize("from_other_port", [False, True])
def test_request_has_the_size_that_was_asked_for(*, size: int, from_other_port: bool) -> None:
    data = encode_request(TRANSACTION, size=size, from_other_port=from_other_port)
    message = decode_stun(data)
    assert len(data) == size
    assert is_stun(data)
    assert message.wants_other_port is from_other_port
    assert message.unknown_attributes == ()


@pytest.mark.parametrize("host", ["198.51.100.7", "2001:db8::7"])
@pytest.mark.parametrize("other_port", [None, 6970])
def test_success_is_read_back(host: str, other_port: int | None) -> None:
    mapped = TransportAddress(host, 40001)
    message = decode_stun(encode_success(TRANSACTION, mapped, other_port))
    assert (message.type, message.transaction) == (StunType.SUCCESS, TRANSACTION)
    assert (message.mapped, message.other_port) == (mapped, other_port)


def test_request_to_be_answered_from_another_ip_address_is_not_understood() -> None:
    attributes = ((int(Attribute.CHANGE_REQUEST), b"\x00\x00\x00\x06"),)
    message = StunMessage(StunType.REQUEST, TRANSACTION, attributes)
    assert message.unknown_attributes == (Attribute.CHANGE_REQUEST,)


def test_error_lists_what_was_not_understood() -> None:
    message = decode_stun(encode_unknown(TRANSACTION, (0x0024, 0x0006)))
    assert message.type is StunType.ERROR
    assert message.get(Attribute.ERROR_CODE) == bytes((0, 0, 4, 20))
    assert message.get(Attribute.UNKNOWN_ATTRIBUTES) == bytes.fromhex("00240006")


@pytest.mark.parametrize(
    "start", ["00aa00000001", "00aa00002112a442", "a4010001", "01020000", "0011000021", "00010000"]
)
def test_other_datagrams_are_no_stun(start: str) -> None:
    """Legacy ones whose id and payload look like the cookie, too."""
    assert not is_stun(bytes.fromhex(start).ljust(40, b"\x00"))


def test_less_than_a_head_is_no_stun() -> None:
    assert not is_stun(ANSWER_IPV4[:19])
