"""Tests of offers: what is repeated, and what is answered."""

from dataclasses import replace
from itertools import pairwise

import pytest

from packhorse.core.direct.channel import DirectEnd
from packhorse.core.direct.offers import Offers, decode_offer, end_of
from packhorse.wire.codec import encode_body
from packhorse.wire.constants import OFFER_INTERVAL, OFFER_INTERVAL_MAX, DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.messages import Check, Offer

END = DirectEnd(1, 2, b"s" * 16)
PEER = Offer(
    seq=1, tag=7, connection=9, share=b"p" * 16, candidates=b"", heard=0, attempt=0, ask=True
)


def taken(offers: Offers, now: float) -> Offer | None:
    """Return what is sent now."""
    data = offers.take(now=now)
    return None if data is None else decode_offer(data)


def test_offer_is_repeated_ever_more_rarely_and_then_no_more() -> None:
    offers = Offers(END)
    offers.renew(candidates=b"abc", now=0.0)
    times = []
    while offers.due is not None:
        times.append(offers.due)
        sent = taken(offers, offers.due)
        assert sent is not None
        assert (sent.seq, sent.ask, sent.candidates) == (1, True, b"abc")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[:3] == [OFFER_INTERVAL, 2 * OFFER_INTERVAL, 4 * OFFER_INTERVAL]
    assert max(gaps) == OFFER_INTERVAL_MAX
    assert len(times) == 9


def test_offer_that_was_heard_is_not_repeated() -> None:
    offers = Offers(END)
    offers.renew(now=0.0)
    taken(offers, 0.0)
    offers.receive(replace(PEER, heard=1, ask=None), now=0.1)
    assert offers.is_heard
    assert offers.due is None


def test_offer_that_asks_is_answered_and_the_answer_does_not_ask_again() -> None:
    offers = Offers(END)
    offers.renew(now=0.0)
    taken(offers, 0.0)
    assert offers.receive(replace(PEER, heard=1), now=0.1)
    answer = taken(offers, 0.1)
    assert answer is not None
    assert (answer.seq, answer.heard, answer.ask) == (1, 1, None)
    assert offers.due is None


def test_two_sides_that_ask_each_other_come_to_rest() -> None:
    one, other = Offers(END), Offers(DirectEnd(3, 4, b"o" * 16))
    one.renew(now=0.0)
    other.renew(now=0.0)
    sent = 0
    for step in range(200):
        now = step * 0.05
        for sender, receiver in ((one, other), (other, one)):
            offer = taken(sender, now)
            if offer is not None:
                sent += 1
                receiver.receive(offer, now=now)
    assert one.is_heard
    assert other.is_heard
    assert sent <= 6


def test_old_offer_is_refused_and_the_same_again_is_not_new() -> None:
    offers = Offers(END)
    assert offers.receive(replace(PEER, seq=5), now=0.0)
    assert not offers.receive(replace(PEER, seq=5), now=0.1)
    with pytest.raises(ParseError) as caught:
        offers.receive(replace(PEER, seq=4), now=0.2)
    assert caught.value.reason is DropReason.REPLAYED


def test_peer_that_was_started_anew_begins_with_1() -> None:
    offers = Offers(END)
    offers.renew(now=0.0)
    offers.receive(replace(PEER, seq=5, heard=1), now=0.0)
    assert offers.receive(replace(PEER, seq=1, connection=10), now=1.0)
    assert not offers.is_heard


def test_side_without_candidates_answers_nothing() -> None:
    """DIR-2."""
    offers = Offers(END)
    offers.receive(PEER, now=0.0)
    assert offers.due is None
    assert taken(offers, 9.0) is None


def test_other_messages_are_no_offers() -> None:
    with pytest.raises(ParseError) as caught:
        decode_offer(encode_body(Check(seq=1, challenge=bytes(8))))
    assert caught.value.reason is DropReason.UNEXPECTED_MESSAGE
    assert end_of(decode_offer(encode_body(PEER))) == DirectEnd(7, 9, b"p" * 16)
