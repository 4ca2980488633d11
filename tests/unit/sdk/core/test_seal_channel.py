"""Tests of the member's end of SEAL."""

import pytest

from packhorse.core.seal_channel import SealChannel
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.messages import Leave, Ping, Pong
from packhorse.wire.seal import derive_keys, encode_seal
from tests.support.scripted_relay import GRANT, SealedSide

MAPPED = bytes(6)


def pong(seq: int) -> Pong:
    return Pong(seq=seq, ping=1, rev=2, mapped=MAPPED)


def reason_of(channel: SealChannel, datagram: bytes) -> DropReason:
    with pytest.raises(ParseError) as caught:
        channel.decode(datagram)
    return caught.value.reason


def test_sequence_numbers_start_at_one_and_go_up_by_one() -> None:
    channel = SealChannel(GRANT)

    assert [channel.take_seq() for _ in range(3)] == [1, 2, 3]


def test_relay_can_open_what_the_member_signed() -> None:
    message = Ping(seq=1, pad=bytes(16))

    datagram = SealChannel(GRANT).encode(message)

    assert datagram[:6].hex() == "a65c01020304"
    assert SealedSide().open(datagram) == message


def test_member_opens_what_the_relay_signed() -> None:
    datagram = SealedSide().seal(pong(1))

    assert SealChannel(GRANT).decode(datagram) == pong(1)


def test_message_comes_through_once() -> None:
    """SEAL-1: the sequence number is checked before the member acts."""
    channel = SealChannel(GRANT)
    datagram = SealedSide().seal(pong(1))
    channel.decode(datagram)

    assert reason_of(channel, datagram) is DropReason.REPLAYED


def test_messages_out_of_order_come_through_within_the_window() -> None:
    channel, relay = SealChannel(GRANT), SealedSide()
    channel.decode(relay.seal(pong(64)))

    assert channel.decode(relay.seal(pong(1))) == pong(1)
    channel.decode(relay.seal(pong(66)))
    assert reason_of(channel, relay.seal(pong(2))) is DropReason.REPLAYED
    assert channel.decode(relay.seal(pong(3))) == pong(3)


@pytest.mark.parametrize("position", [1, 6, 10, -17, -16, -1])
def test_altered_datagram_is_dropped(position: int) -> None:
    """SEAL-1: the MAC covers tag, body and itself."""
    datagram = bytearray(SealedSide().seal(pong(1)))

    datagram[position] ^= 1

    assert reason_of(SealChannel(GRANT), bytes(datagram)) is DropReason.BAD_MAC


def test_forged_datagram_does_not_use_up_its_sequence_number() -> None:
    channel, relay = SealChannel(GRANT), SealedSide()
    genuine = relay.seal(pong(1))
    reason_of(channel, genuine[:-1] + bytes([genuine[-1] ^ 1]))

    assert channel.decode(genuine) == pong(1)


def test_datagram_of_another_session_is_dropped_before_its_mac_is_checked() -> None:
    datagram = bytearray(SealedSide().seal(pong(1)))

    datagram[5] ^= 1

    assert reason_of(SealChannel(GRANT), bytes(datagram)) is DropReason.UNKNOWN_SESSION


def test_own_datagram_sent_back_is_dropped() -> None:
    channel = SealChannel(GRANT)

    own = channel.encode(Leave(seq=1))

    assert reason_of(channel, own) is DropReason.BAD_MAC


def test_message_that_only_members_send_is_dropped() -> None:
    """MSG-4: whoever holds the relay's key cannot make a member answer a member's message."""
    key = derive_keys(GRANT.key).relay_to_member
    datagram = encode_seal(Leave(seq=1), GRANT.session, GRANT.tag, key)

    assert reason_of(SealChannel(GRANT), datagram) is DropReason.WRONG_DIRECTION
