"""CTRL datagrams and their padding."""

import pytest

from packhorse.wire.constants import MAX_DATAGRAM, MSGPACK_MAX_BIN, DropReason, ErrorCode
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl, encode_error, encode_padded, pad_size
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Create, Error, Grant, Hello, Join, Nudge

HELLO = Hello(version_min=1, version_max=1, features=0, nonce=bytes(16))
GRANT = Grant(
    version=1,
    features=0,
    max_datagram=1200,
    topology=0,
    max_peers=64,
    code="K7QM2XPA",
    session=1,
    tag=0,
    key=bytes(32),
    peer=1,
    rev=1,
    ping_interval_ms=5000,
    lost_after_ms=15000,
    removed_after_ms=60000,
    mapped=bytes(6),
)
PLAIN_SIZE = len(encode_ctrl(HELLO, 0))
UNREACHABLE = PLAIN_SIZE + 259  # a pad of 255 bytes gives one less, of 256 one more


def test_transaction_is_in_the_header() -> None:
    assert encode_ctrl(Nudge(), 0x01020304) == bytes.fromhex("a5 00 01020304 81 00 07")


@pytest.mark.parametrize("code", [ErrorCode.COOKIE_INVALID, ErrorCode.SESSION_UNKNOWN])
def test_error_without_details_is_the_same_however_it_is_made(code: ErrorCode) -> None:
    assert encode_error(code, 7) == encode_ctrl(Error(code=code), 7)


def test_decoding_gives_the_message_of_the_side() -> None:
    assert decode_ctrl(encode_ctrl(HELLO, 7), Sender.MEMBER) == HELLO


def test_message_of_the_other_side_is_refused() -> None:
    """MSG-4."""
    with pytest.raises(ParseError) as caught:
        decode_ctrl(encode_ctrl(HELLO, 7), Sender.RELAY)

    assert caught.value.reason is DropReason.WRONG_DIRECTION


@pytest.mark.parametrize(
    "wanted", [PLAIN_SIZE + 3, PLAIN_SIZE + 4, 256, UNREACHABLE - 1, UNREACHABLE + 1, 576, 1200]
)
def test_hello_is_padded_to_the_size_wanted(wanted: int) -> None:
    assert len(encode_padded(HELLO, 7, wanted)) == wanted


def test_one_size_is_unreachable_and_comes_out_one_short() -> None:
    assert len(encode_padded(HELLO, 7, UNREACHABLE)) == UNREACHABLE - 1


@pytest.mark.parametrize("wanted", [0, PLAIN_SIZE, PLAIN_SIZE + 1, PLAIN_SIZE + 2])
def test_no_pad_is_added_where_none_fits(wanted: int) -> None:
    assert encode_padded(HELLO, 7, wanted) == encode_ctrl(HELLO, 7)


@pytest.mark.parametrize("wanted", [576, 1200])
def test_grant_is_padded_to_the_size_wanted(wanted: int) -> None:
    assert len(encode_padded(GRANT, 7, wanted)) == wanted


def test_pad_is_no_longer_than_a_byte_string_may_be() -> None:
    datagram = encode_padded(GRANT, 7, MAX_DATAGRAM)

    message = decode_ctrl(datagram, Sender.RELAY)

    assert isinstance(message, Grant)
    assert message.pad == bytes(MSGPACK_MAX_BIN)


def test_pad_holds_zero_bytes_and_changes_nothing_else() -> None:
    decoded = decode_ctrl(encode_padded(HELLO, 7, 256), Sender.MEMBER)

    assert isinstance(decoded, Hello)
    assert decoded.pad is not None
    assert not any(decoded.pad)
    assert (decoded.nonce, decoded.features) == (HELLO.nonce, HELLO.features)


def test_extra_keys_count_towards_the_size_wanted() -> None:
    datagram = encode_padded(HELLO, 7, 1200, {112: 2**32 - 1})

    assert len(datagram) == 1200
    assert datagram.endswith(bytes.fromhex("70 ce ffffffff"))


@pytest.mark.parametrize(
    "message",
    [
        Create(
            version_min=1,
            version_max=1,
            features=0,
            nonce=bytes(16),
            cookie=bytes(20),
            max_datagram=1200,
        ),
        Join(
            version_min=1,
            version_max=1,
            features=0,
            nonce=bytes(16),
            cookie=bytes(20),
            max_datagram=1200,
            code="",
        ),
    ],
    ids=["create", "join"],
)
def test_create_and_join_have_no_pad(message: Create | Join) -> None:
    assert encode_padded(message, 7, 1200) == encode_ctrl(message, 7)


def test_pad_size_of_every_size_leads_to_it_but_for_one() -> None:
    short = []
    for wanted in range(PLAIN_SIZE + 3, 1218):
        pad = pad_size(PLAIN_SIZE, wanted)
        assert pad is not None
        field = pad + (3 if pad < 256 else 4)  # key, lead byte, length of one or two bytes
        short += [wanted] if PLAIN_SIZE + field != wanted else []

    assert short == [UNREACHABLE]
