"""Tests of the start of CTRL bodies: the same as the whole body says."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from packhorse.wire.constants import DropReason
from packhorse.wire.cookie import Offer
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Hello, Message, Nudge, Ping
from packhorse_relay.core.ctrl_start import Proof, message_class_of, proof_of
from tests.support.applicant import Applicant
from tests.support.relay_harness import address

UINT8 = st.integers(0, 255)
UINT32 = st.one_of(UINT8, st.integers(0, 65535), st.integers(0, 2**32 - 1))


def reason_of(data: bytes) -> DropReason:
    with pytest.raises(ParseError) as error:
        message_class_of(data)
    return error.value.reason


@given(
    offer=st.tuples(UINT8, UINT8, UINT32),
    nonce=st.binary(min_size=16, max_size=16),
    cookie=st.binary(min_size=20, max_size=20),
    extra=st.integers(0, 56),
)
def test_proof_is_found_in_every_join_and_create(
    offer: tuple[int, int, int], nonce: bytes, cookie: bytes, extra: int
) -> None:
    eve = Applicant(
        address=address(1),
        nonce=nonce,
        version_min=offer[0],
        version_max=offer[1],
        features=offer[2],
    )
    proof = Proof(Offer(*offer), nonce, cookie)

    for wish in (eve.join(cookie, "K7QM2XPA"), eve.create(cookie), eve.list_rooms(cookie)):
        message = decode_ctrl(wish, Sender.MEMBER)
        data = encode_ctrl(message, 7, {50 + number: None for number in range(extra)})
        assert message_class_of(data) is type(message)
        assert proof_of(data) == proof


def test_hello_is_known_by_its_start() -> None:
    hello = Hello(version_min=1, version_max=1, features=0, nonce=bytes(16))

    assert message_class_of(encode_ctrl(hello, 7)) is Hello


@pytest.mark.parametrize(
    ("message", "reason"),
    [(Nudge(), DropReason.WRONG_DIRECTION), (Ping(seq=1), DropReason.WRONG_CARRIER)],
)
def test_message_that_no_member_sends_in_ctrl_is_refused(
    message: Message, reason: DropReason
) -> None:
    assert reason_of(encode_ctrl(message, 7)) is reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\x80",
        b"\x81",
        b"\x81\x00",
        b"\x81\x01\x00",
        b"\x81\x00\xcc\xff",
        b"\xde\x00\x0f\x00\x01",
        b"\x90",
    ],
)
def test_body_that_does_not_begin_with_a_type_is_no_message(body: bytes) -> None:
    assert reason_of(b"\xa5\0\0\0\0\1" + body) is DropReason.NOT_A_MESSAGE


def test_type_that_is_not_assigned_is_unknown() -> None:
    assert reason_of(b"\xa5\0\0\0\0\1\x81\x00\x7f") is DropReason.UNKNOWN_TYPE


@given(data=st.binary(max_size=80))
def test_bytes_that_hold_no_proof_are_refused_and_nothing_else_is_raised(data: bytes) -> None:
    with pytest.raises(ParseError) as error:
        proof_of(b"\xa5\0\0\0\0\1\x88\x00\x04\x01\xcc\x01" + data)
    assert error.value.reason is DropReason.BAD_FIELD
