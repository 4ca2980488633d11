"""The datagrams of a pipe."""

import pytest

from packhorse.core.pipes.greeting import (
    Close,
    Cookie,
    Frame,
    Hello,
    decode,
    encode_close,
    encode_cookie,
    encode_frame,
    encode_hello,
)
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

OWN, PEER, COOKIE = b"ownownid", b"peerpeer", b"cookiecookiecook"
MESSAGES = [
    (Hello(OWN), "0101" + OWN.hex() + "00" * 24),
    (Hello(OWN, PEER, COOKIE), "0101" + OWN.hex() + PEER.hex() + COOKIE.hex()),
    (Cookie(OWN, COOKIE), "02" + OWN.hex() + COOKIE.hex()),
    (Frame(PEER, b"payload"), "03" + PEER.hex() + b"payload".hex()),
    (Frame(PEER, b""), "03" + PEER.hex()),
    (Close(PEER), "04" + PEER.hex()),
]


def encode(message: Hello | Cookie | Frame | Close) -> bytes:
    match message:
        case Hello():
            return encode_hello(message)
        case Cookie():
            return encode_cookie(message)
        case Frame(receiver, payload):
            return encode_frame(receiver, payload)
        case Close(receiver):
            return encode_close(receiver)


@pytest.mark.parametrize(("message", "text"), MESSAGES)
def test_message_has_these_bytes(message: Hello | Cookie | Frame | Close, text: str) -> None:
    assert encode(message).hex() == text
    assert decode(bytes.fromhex(text)) == message


def test_cookie_is_smaller_than_the_hello_it_answers() -> None:
    assert len(encode_cookie(Cookie(OWN, COOKIE))) < len(encode_hello(Hello(OWN)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", DropReason.TOO_SHORT),
        ("03" + "11" * 7, DropReason.TOO_SHORT),
        ("00" + OWN.hex(), DropReason.UNKNOWN_TYPE),
        ("05" + OWN.hex(), DropReason.UNKNOWN_TYPE),
        ("04" + OWN.hex() + "00", DropReason.UNKNOWN_TYPE),
        ("02" + OWN.hex() + "00" * 15, DropReason.UNKNOWN_TYPE),
        ("0101" + OWN.hex() + "00" * 23, DropReason.TOO_SHORT),
        ("0102" + OWN.hex() + "00" * 24, DropReason.NO_COMMON_VERSION),
        ("0101" + "00" * 32, DropReason.BAD_FIELD),
    ],
)
def test_bad_datagram_is_refused_with_its_reason(text: str, reason: DropReason) -> None:
    with pytest.raises(ParseError) as caught:
        decode(bytes.fromhex(text))

    assert caught.value.reason is reason
