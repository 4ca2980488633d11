"""Tests of STUN at the relay."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import REPLY_RATE, DropReason
from packhorse.wire.stun import (
    Attribute,
    StunMessage,
    StunType,
    decode_stun,
    encode_request,
    encode_stun,
    encode_success,
)
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.settings import Settings
from tests.support.relay_harness import Rig, address
from tests.support.stun_samples import ANSWER_IPV4, REQUEST

TRANSACTION = bytes(12)
DATA, SECOND = 0, 2


def rig(settings: Settings | None = None) -> Rig:
    """Return a relay whose listener 0 has a second port, listener 2."""
    relay = Rig(settings) if settings else Rig()
    relay.core.stun.use_second_port({DATA: SECOND, SECOND: DATA}, {SECOND: 6970})
    return relay


def change(flags: int) -> bytes:
    """Return a large request with CHANGE-REQUEST."""
    attributes = (
        (int(Attribute.CHANGE_REQUEST), flags.to_bytes(4, "big")),
        (int(Attribute.PADDING), bytes(40)),
    )
    return encode_stun(StunMessage(StunType.REQUEST, TRANSACTION, attributes))


@pytest.mark.parametrize("listener", [DATA, SECOND])
@pytest.mark.parametrize("host", ["198.51.100.7", "2001:db8::7"])
def test_each_port_answers_with_the_address_that_it_sees(listener: int, host: str) -> None:
    """STUN-1."""
    source = TransportAddress(host, 41000, listener)
    outcome = rig().send(encode_request(TRANSACTION, size=80), source)
    (sent,) = outcome.sent
    message = decode_stun(sent.data)
    assert sent.address == source
    assert (message.type, message.transaction) == (StunType.SUCCESS, TRANSACTION)
    assert message.mapped == TransportAddress(host, 41000)
    assert message.other_port == 6970


@pytest.mark.parametrize(("asked", "answering"), [(DATA, SECOND), (SECOND, DATA)])
def test_answer_comes_from_the_other_port_when_that_is_asked_for(
    asked: int, answering: int
) -> None:
    source = address(1, listener=asked)
    (sent,) = rig().send(change(0x2), source).sent
    assert sent.address == source._replace(listener=answering)


@pytest.mark.parametrize("flags", [0x4, 0x6])
def test_another_ip_address_is_not_understood(flags: int) -> None:
    (sent,) = rig().send(change(flags), address(1)).sent
    assert decode_stun(sent.data).type is StunType.ERROR
    assert sent.address == address(1)


def test_other_port_is_not_understood_where_there_is_none() -> None:
    (sent,) = Rig().send(change(0x2), address(1)).sent
    assert decode_stun(sent.data).type is StunType.ERROR


def test_attributes_that_have_to_be_understood_are_named() -> None:
    (sent,) = Rig().send(REQUEST, address(1)).sent
    message = decode_stun(sent.data)
    assert message.type is StunType.ERROR
    assert message.get(Attribute.UNKNOWN_ATTRIBUTES) == bytes.fromhex("002400060008")


@pytest.mark.parametrize("size", range(40, 104, 4))
@pytest.mark.parametrize("host", ["198.51.100.7", "2001:db8::7"])
def test_amplification_no_answer_is_larger_than_its_request(size: int, host: str) -> None:
    """STUN-2."""
    outcome = rig().send(encode_request(TRANSACTION, size=size), TransportAddress(host, 41000))
    assert all(len(sent.data) <= size for sent in outcome.sent)
    least = 52 if ":" in host else 40
    assert (outcome.drop is DropReason.NOT_ENOUGH_PADDING) == (size < least)


def test_amplification_common_request_without_padding_is_not_answered() -> None:
    """STUN-2."""
    bare = bytes.fromhex("00010000 2112a442") + TRANSACTION
    outcome = rig().send(bare, address(1))
    assert (outcome.sent, outcome.drop) == ([], DropReason.NOT_ENOUGH_PADDING)


def test_reflection_answers_have_a_budget_that_no_other_answer_shares() -> None:
    """STUN-2: who sends in another's name does not keep that one from joining."""
    relay = rig(Settings())
    outcomes = [
        relay.send(encode_request(TRANSACTION, size=80), address(1)) for _ in range(REPLY_RATE + 1)
    ]
    assert [len(outcome.sent) for outcome in outcomes] == [1] * REPLY_RATE + [0]
    assert outcomes[-1].drop is DropReason.REPLY_BUDGET
    assert relay.create(address(1)).peer == 1


def test_flood_of_many_sources_stops_at_the_budget_of_all() -> None:
    """STUN-2."""
    relay = rig(Settings(reply_rate_total=30))
    request = encode_request(TRANSACTION, size=80)
    outcomes = [relay.send(request, address(number)) for number in range(1, 6)]
    assert [outcome.drop for outcome in outcomes] == [None] * 3 + [DropReason.REPLY_BUDGET] * 2


@pytest.mark.parametrize(
    "data", [ANSWER_IPV4, encode_success(TRANSACTION, address(2)), REQUEST[:-1] + b"\xff"]
)
def test_reply_loop_answers_and_broken_messages_are_not_answered(data: bytes) -> None:
    outcome = rig().send(data, address(1))
    assert (outcome.sent, outcome.drop) == ([], DropReason.BAD_STUN)


@pytest.mark.parametrize("first", range(256))
def test_second_port_acts_upon_nothing_but_stun(first: int) -> None:
    """STUN-3."""
    outcome = rig().send(bytes((first, 0)) + bytes(60), address(1, listener=SECOND))
    assert (outcome.sent, outcome.drop) == ([], DropReason.UNKNOWN_PREFIX)


def test_relay_that_speaks_the_legacy_protocol_answers_stun_too() -> None:
    """HDR-1: the legacy datagram whose bytes 4 to 7 are the magic cookie stays a legacy one."""
    relay = Rig(legacy=LegacyRoom())
    assert len(relay.send(encode_request(TRANSACTION, size=80), address(1)).sent) == 1
    lookalike = bytes.fromhex("00aa 00002112 a442").ljust(80, b"\x00")
    assert relay.send(lookalike, address(1)).drop is DropReason.LEGACY_UNREGISTERED


def test_there_is_no_stun_over_websocket() -> None:
    outcome = Rig(stream_listener=1).send(
        encode_request(TRANSACTION, size=80), address(1, listener=1)
    )
    assert (outcome.sent, outcome.drop) == ([], DropReason.LEGACY_DISABLED)
