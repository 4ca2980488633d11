"""Attacks on the relay's decoder, by numbers of the list of attacks."""

import tracemalloc
from unittest.mock import patch

import pytest

from packhorse.wire.constants import DropReason
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.msgpack_profile import _Decoder
from tests.support.relay_harness import UNLIMITED, Rig, address

EVE = address(900)
# HELLO that pays with 256 bytes under key 10; what an attack adds follows under key 112.
START = b"\xa5\0\0\0\0\1\x83\x00\x01\x0a\xc5\x01\x00" + bytes(256) + b"\x70"


def reason_of(value: bytes) -> DropReason | None:
    outcome = Rig(UNLIMITED).send(START + value, EVE)
    assert outcome.sent == []
    return outcome.drop


@pytest.mark.parametrize("depth", [5, 500, 1100])
def test_attack_15_deep_nesting_is_refused_at_once(depth: int) -> None:
    assert reason_of(b"\x91" * depth + b"\x90") is DropReason.TOO_DEEP


def test_attack_15_depth_costs_nothing() -> None:
    """A body of 65,000 levels, which no datagram can hold, is refused after the fifth."""
    body = b"\x82\x00\x01\x70" + b"\x91" * 65_000 + b"\x90"
    with (
        patch.object(_Decoder, "value", autospec=True, side_effect=_Decoder.value) as value,
        pytest.raises(ParseError) as error,
    ):
        decode_ctrl(b"\xa5\0\0\0\0\1" + body, Sender.MEMBER)

    assert error.value.reason is DropReason.TOO_DEEP
    assert value.call_count < 10


@pytest.mark.parametrize(
    ("lead", "reason"),
    [
        (0xDD, DropReason.TOO_MANY_ITEMS),
        (0xDF, DropReason.TOO_MANY_ITEMS),
        (0xDB, DropReason.TOO_LONG),
        (0xC6, DropReason.TOO_LONG),
    ],
)
def test_attack_16_huge_length_allocates_nothing(lead: int, reason: DropReason) -> None:
    rig = Rig(UNLIMITED)
    rig.send(START + b"\xc0", EVE)
    tracemalloc.start()
    outcome = rig.send(START + bytes([lead]) + b"\xff" * 4, EVE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert outcome.drop is reason
    assert peak < 64 * 1024


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\x82\x01\x00\x01\x00", DropReason.KEY_ORDER),  # the same key twice
        (b"\xcb\x7f\xf8\0\0\0\0\0\0", DropReason.FORBIDDEN_TYPE),  # not a number
        (b"\xd4\xff\x00", DropReason.FORBIDDEN_TYPE),  # extension: time stamp
        (b"\xcd\x00\x01", DropReason.NOT_SHORTEST),
        (b"\xa2\xc0\x80", DropReason.BAD_UTF8),  # overlong
        (b"\x00\x00", DropReason.TRAILING_BYTES),
    ],
)
def test_attack_17_ambiguous_encoding_is_refused(value: bytes, reason: DropReason) -> None:
    assert reason_of(value) is reason
