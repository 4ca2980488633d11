"""What two ends tell each other to punch a TCP connection."""

import pytest

from packhorse.core.pipes.punching import (
    PROOF_SIZE,
    PunchOffer,
    decides,
    decode_offer,
    encode_offer,
    is_proof,
    make_offer,
    proof,
)
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

V4 = TransportAddress("192.0.2.1", 4000)
V6 = TransportAddress("2001:db8::1", 4000)
LOW = PunchOffer(b"a" * 16, b"A" * 16, (V4, V6))
HIGH = PunchOffer(b"b" * 16, b"B" * 16, ())


def test_offer_has_these_bytes() -> None:
    text = b"a" * 16 + b"A" * 16 + bytes.fromhex("06 c0000201 0fa0")
    text += bytes.fromhex("12 20010db8000000000000000000000001 0fa0")

    assert encode_offer(LOW) == text
    assert decode_offer(text) == LOW
    assert decode_offer(encode_offer(HIGH)) == HIGH


def test_offer_names_at_most_16_addresses() -> None:
    offer = make_offer([V4] * 20, lambda size: b"r" * size)

    assert offer == PunchOffer(b"r" * 16, b"r" * 16, (V4,) * 16)
    with pytest.raises(ParseError) as caught:
        decode_offer(encode_offer(offer._replace(addresses=(V4,) * 17)))
    assert caught.value.reason is DropReason.BAD_FIELD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", DropReason.TOO_SHORT),
        (b"x" * 31, DropReason.TOO_SHORT),
        (b"x" * 32 + b"\x05" + bytes(5), DropReason.BAD_FIELD),
        (b"x" * 32 + b"\x06" + bytes(5), DropReason.BAD_FIELD),
    ],
)
def test_malformed_offer_is_refused(text: bytes, reason: DropReason) -> None:
    with pytest.raises(ParseError) as caught:
        decode_offer(text)

    assert caught.value.reason is reason


def test_exactly_one_end_decides_and_an_echo_is_refused() -> None:
    assert decides(LOW, HIGH)
    assert not decides(HIGH, LOW)
    with pytest.raises(ParseError):
        decides(LOW, LOW)


def test_proof_holds_one_way_only_and_needs_both_shares() -> None:
    shown = proof(LOW, HIGH)

    assert len(shown) == PROOF_SIZE
    assert is_proof(shown, LOW, HIGH)
    assert not is_proof(shown, HIGH, LOW)
    assert not is_proof(shown, LOW._replace(share=bytes(16)), HIGH)
    assert not is_proof(shown, LOW, HIGH._replace(share=bytes(16)))
