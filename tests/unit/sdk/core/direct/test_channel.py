"""Tests of what two members seal for each other."""

import pytest

from packhorse.core.direct.channel import DirectChannel, DirectEnd
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.messages import Check, Checked

LOW = DirectEnd(1, 0x11111111, bytes(16))
HIGH = DirectEnd(2, 0x22222222, b"\xff" * 16)
CHALLENGE = b"\x01" * 8


def pair() -> tuple[DirectChannel, DirectChannel]:
    """Return the channels of the member with the lower and the higher peer id."""
    return DirectChannel(LOW, HIGH, is_lower=True), DirectChannel(HIGH, LOW, is_lower=False)


def refusal(channel: DirectChannel, data: bytes) -> DropReason:
    """Return why a datagram is refused."""
    with pytest.raises(ParseError) as caught:
        channel.decode(data)
    return caught.value.reason


def test_check_and_answer_are_understood_by_the_other_side() -> None:
    low, high = pair()
    check = low.check(CHALLENGE, 0)
    assert check[:6].hex() == "a602" + "22222222"
    assert high.decode(check) == Check(seq=1, challenge=CHALLENGE, pad=b"\x00")
    assert low.decode(high.checked(CHALLENGE)) == Checked(seq=1, challenge=CHALLENGE)


@pytest.mark.parametrize("size", [256, 600, 1200])
def test_large_check_fills_the_largest_datagram_but_for_some_bytes(size: int) -> None:
    low, high = pair()
    check = low.check(CHALLENGE, size)
    assert size - 16 <= len(check) <= size
    high.decode(check)


def test_answer_is_not_larger_than_the_check() -> None:
    """DIR-3."""
    low, high = pair()
    check = low.check(CHALLENGE, 0)
    for number in (1, 0x7F, 0x80, 0x100, 0x10000, 0xFFFFFFFF):
        high._next_seq = number
        assert len(high.checked(CHALLENGE)) <= len(check)


def test_attack_check_that_is_sent_again_or_back_is_refused() -> None:
    low, high = pair()
    check = low.check(CHALLENGE, 0)
    high.decode(check)
    assert refusal(high, check) is DropReason.REPLAYED
    assert refusal(low, check) is DropReason.WRONG_TAG


def test_attack_forged_check_is_refused() -> None:
    low, high = pair()
    check = low.check(CHALLENGE, 0)
    assert refusal(high, check[:-1] + bytes([check[-1] ^ 1])) is DropReason.BAD_MAC
    other = DirectChannel(LOW._replace(share=b"\x01" * 16), HIGH, is_lower=True)
    assert refusal(high, other.check(CHALLENGE, 0)) is DropReason.BAD_MAC
    assert refusal(high, check[:10]) is DropReason.TOO_SHORT


def test_ends_are_chosen_at_random() -> None:
    given = iter([b"\x00\x00\x00\x07", b"\x09", b"s" * 16])
    end = DirectEnd.choose(lambda _size: next(given))
    assert end == DirectEnd(9, 7, b"s" * 16)
