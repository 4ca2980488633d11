"""Tests of the paths to one peer: two of them, joined by hand."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from packhorse.core.direct.channel import DirectDatagram
from packhorse.core.direct.direct_peer import DirectPeer
from packhorse.core.direct.offers import decode_offer
from packhorse.core.direct.rate_budget import RateBudget
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate, encode_candidates
from packhorse.wire.constants import (
    ANSWER_RATE,
    ATTEMPT_PAUSE,
    ATTEMPT_TIME,
    ATTEMPTS,
    CHECK_BURST,
    CHECK_RATE,
    CONSENT_TIME,
    MAX_REMOTES,
    CandidateKind,
    DropReason,
)
from packhorse.wire.errors import ParseError

LOW = TransportAddress("192.0.2.1", 1)
HIGH = TransportAddress("192.0.2.2", 2)
RELAY = TransportAddress("203.0.113.1", 6969)
FROM = {LOW: HIGH, HIGH: LOW}
"""By target: who sends there."""


def end(*, leads: bool, seed: int) -> DirectPeer:
    """Return one side."""
    random_bytes = Random(seed).randbytes  # noqa: S311 - repeatable by design
    return DirectPeer(
        leads=leads,
        relay=RELAY,
        budget=RateBudget(CHECK_RATE, CHECK_BURST),
        largest=1200,
        random_bytes=random_bytes,
    )


class Joined:
    """Two sides that offer each other one address; what they send is carried by hand."""

    def __init__(self) -> None:
        self.low, self.high = end(leads=True, seed=1), end(leads=False, seed=2)
        self.now = 100.0
        for side, address in ((self.low, LOW), (self.high, HIGH)):
            offer = encode_candidates([Candidate(CandidateKind.HOST, address)])
            side.offer(offer, now=self.now)
        self.signal()

    def signal(self) -> None:
        """Carry offers until there are none."""
        busy = True
        while busy:
            busy = False
            for sender, receiver in ((self.low, self.high), (self.high, self.low)):
                data = sender.offers.take(now=self.now)
                if data is not None:
                    busy = True
                    receiver.receive_offer(decode_offer(data), rtt=0.0, now=self.now)

    def run(self, seconds: float) -> None:
        """Let time pass, and carry everything at once."""
        until = self.now + seconds
        while self.now < until:
            self.now += 0.01
            for side in (self.low, self.high):
                side.handle_timeout(rtt=0.0, now=self.now)
            self.signal()
            self.carry()

    def carry(self) -> None:
        """Carry what both send, answers included."""
        while datagrams := [*self.low.datagrams_to_send(), *self.high.datagrams_to_send()]:
            for datagram in datagrams:
                side = self.low if datagram.address == LOW else self.high
                side.receive_seal(datagram.data, FROM[datagram.address], now=self.now)


def refusal(side: DirectPeer, data: bytes, source: TransportAddress, now: float) -> DropReason:
    """Return why a datagram is refused."""
    with pytest.raises(ParseError) as caught:
        side.receive_seal(data, source, now=now)
    return caught.value.reason


def sent(side: DirectPeer) -> list[DirectDatagram]:
    """Return what a side sends now."""
    return side.datagrams_to_send()


def test_both_sides_find_the_path() -> None:
    joined = Joined()
    joined.run(0.2)
    assert joined.low.used is not None
    assert joined.low.used.address == HIGH
    assert joined.high.used is not None
    assert joined.high.used.address == LOW


def test_attempts_end_and_come_back_after_a_pause() -> None:
    """DIR-6."""
    joined = Joined()
    times = []
    while joined.now < 100.0 + ATTEMPTS * ATTEMPT_TIME + ATTEMPT_PAUSE + 1:
        joined.now += 0.05
        joined.low.handle_timeout(rtt=0.0, now=joined.now)
        times += [joined.now] * len(sent(joined.low))
    pause = [b - a for a, b in pairwise(times) if b - a > ATTEMPT_TIME]
    assert len(pause) == 1
    assert pause[0] == pytest.approx(ATTEMPT_PAUSE, abs=1.0)


def test_attack_forged_check_changes_nothing_and_is_not_answered() -> None:
    """DIR-3."""
    joined = Joined()
    joined.low.handle_timeout(rtt=0.0, now=joined.now)
    (check, *_) = sent(joined.low)
    stranger = TransportAddress("203.0.113.9", 9)
    forged = check.data[:-1] + bytes([check.data[-1] ^ 1])
    sent(joined.high)
    assert refusal(joined.high, forged, stranger, joined.now) is DropReason.BAD_MAC
    assert sent(joined.high) == []


def test_attack_check_sent_again_from_elsewhere_draws_no_answer_there() -> None:
    """DIR-3."""
    joined = Joined()
    joined.low.handle_timeout(rtt=0.0, now=joined.now)
    (check, *_) = sent(joined.low)
    joined.high.receive_seal(check.data, LOW, now=joined.now)
    sent(joined.high)
    stranger = TransportAddress("203.0.113.9", 9)
    assert refusal(joined.high, check.data, stranger, joined.now) is DropReason.REPLAYED
    assert sent(joined.high) == []


def test_answer_goes_to_where_the_check_came_from() -> None:
    """DIR-3."""
    joined = Joined()
    joined.low.handle_timeout(rtt=0.0, now=joined.now)
    (check, *_) = sent(joined.low)
    sent(joined.high)
    elsewhere = TransportAddress("203.0.113.9", 9)
    joined.high.receive_seal(check.data, elsewhere, now=joined.now)
    (answer,) = sent(joined.high)
    assert answer.address == elsewhere
    assert len(answer.data) <= len(check.data)


def test_attack_data_from_an_address_that_no_check_came_from_is_refused() -> None:
    """DIR-5."""
    joined = Joined()
    joined.run(0.2)
    tag = joined.high.own.tag
    with pytest.raises(ParseError) as caught:
        joined.high.hear_data(TransportAddress("203.0.113.9", 9), tag, now=joined.now)
    assert caught.value.reason is DropReason.UNEXPECTED_SOURCE
    with pytest.raises(ParseError) as caught:
        joined.high.hear_data(LOW, tag ^ 1, now=joined.now)
    assert caught.value.reason is DropReason.WRONG_TAG
    joined.high.hear_data(LOW, tag, now=joined.now)


def test_attack_peer_that_checks_from_many_addresses_is_answered_within_limits() -> None:
    """DIR-6."""
    joined = Joined()
    joined.run(0.2)
    reasons = []
    for number in range(4 * ANSWER_RATE):
        joined.low._check(next(iter(joined.low._remotes)), joined.now)
        (check,) = sent(joined.low)
        source = TransportAddress("203.0.113.9", 1000 + number)
        try:
            joined.high.receive_seal(check.data, source, now=joined.now)
        except ParseError as error:
            reasons.append(error.reason)
    assert set(reasons) <= {DropReason.BUFFER_FULL, DropReason.RATE_LIMITED}
    assert len(list(joined.high._remotes)) <= MAX_REMOTES
    joined.high.handle_timeout(rtt=0.0, now=joined.now)
    assert len(sent(joined.high)) <= 2 * ANSWER_RATE + MAX_REMOTES


def test_offer_with_the_own_connection_is_refused_and_another_is_chosen() -> None:
    joined = Joined()
    own = joined.low.own
    offer = joined.low.offers.peer
    assert offer is not None
    echoed = replace(offer, connection=own.connection, seq=99)
    with pytest.raises(ParseError) as caught:
        joined.low.receive_offer(echoed, rtt=0.0, now=joined.now)
    assert caught.value.reason is DropReason.BAD_FIELD
    assert joined.low.own.connection != own.connection


def test_offer_with_malformed_candidates_changes_nothing() -> None:
    joined = Joined()
    offer = joined.low.offers.peer
    assert offer is not None
    with pytest.raises(ParseError):
        joined.low.receive_offer(
            replace(offer, seq=99, candidates=b"\x01\x05zzzzz"), rtt=0.0, now=joined.now
        )
    assert joined.low.offers.peer is offer


def test_peer_that_was_started_anew_is_met_anew() -> None:
    joined = Joined()
    joined.run(0.2)
    joined.high = end(leads=False, seed=3)
    joined.high.offer(encode_candidates([Candidate(CandidateKind.HOST, HIGH)]), now=joined.now)
    joined.signal()
    assert joined.low.used is None
    joined.run(0.5)
    assert joined.low.used is not None


def test_attack_answer_to_a_check_that_its_sender_did_not_get_is_refused() -> None:
    """DIR-8: numbers can be guessed, a peer that offers a victim's address knows them all."""
    joined = Joined()
    joined.low.handle_timeout(rtt=0.0, now=joined.now)
    sent(joined.low)
    victim = next(iter(joined.low._remotes))
    forger = joined.high._channel
    assert forger is not None
    for guess in (bytes(8), b"\xff" * 8, (1).to_bytes(8, "big")):
        forged = forger.checked(guess)
        assert refusal(joined.low, forged, HIGH, joined.now) is DropReason.UNKNOWN_TRANSACTION
    assert victim.answered_at is None
    assert victim.vouched_at is None


def test_attack_no_large_check_goes_where_nothing_has_answered() -> None:
    """DIR-8."""
    joined = Joined()
    sizes = []
    while joined.now < 100.0 + ATTEMPT_TIME:
        joined.now += 0.05
        joined.low.handle_timeout(rtt=0.0, now=joined.now)
        sizes += [len(datagram.data) for datagram in sent(joined.low)]
    assert len(sizes) > 20
    assert max(sizes) < 64


def test_large_check_is_sent_again_when_it_was_lost() -> None:
    joined = Joined()
    joined.low.handle_timeout(rtt=0.0, now=joined.now)
    (check,) = sent(joined.low)
    joined.high.receive_seal(check.data, LOW, now=joined.now)
    joined.low.receive_seal(sent(joined.high)[-1].data, HIGH, now=joined.now)
    assert [len(datagram.data) > 1000 for datagram in sent(joined.low)] == [True]
    joined.low.handle_timeout(rtt=0.0, now=joined.now + 0.1)
    assert [len(datagram.data) > 1000 for datagram in sent(joined.low)] == [True]


def test_attack_data_alone_does_not_hold_a_path_whose_checks_are_not_answered() -> None:
    """DIR-4: somebody may forge it, or the peer may have left the address to another."""
    joined = Joined()
    joined.run(0.5)
    assert joined.low.used is not None
    answered = joined.low.used.answered_at or 0.0
    while joined.low.used is not None:
        joined.now += 0.05
        joined.low.used.hear(now=joined.now)
        joined.low.handle_timeout(rtt=0.0, now=joined.now)
        sent(joined.low)
        assert joined.now < answered + CONSENT_TIME + 0.1


def test_idle_path_is_checked_by_both_sides_and_stays() -> None:
    joined = Joined()
    joined.run(3 * CONSENT_TIME)
    assert joined.low.used is not None
    assert joined.high.used is not None


def test_attack_offer_of_the_own_connection_voids_what_was_known() -> None:
    joined = Joined()
    joined.run(0.5)
    offer = joined.low.offers.peer
    assert offer is not None
    echoed = replace(offer, connection=joined.low.own.connection, seq=99)
    with pytest.raises(ParseError):
        joined.low.receive_offer(echoed, rtt=0.0, now=joined.now)
    assert joined.low.used is None
    joined.high = end(leads=False, seed=3)
    joined.high.offer(encode_candidates([Candidate(CandidateKind.HOST, HIGH)]), now=joined.now)
    joined.signal()
    joined.run(0.5)
    assert joined.low.used is not None
