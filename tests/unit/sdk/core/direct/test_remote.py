"""Tests of what is known of one address."""

import pytest

from packhorse.core.direct.remote import Remote
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import CONSENT_TIME, IDLE_CHECK, IPV6_BONUS, TRUST_MIN, TRUST_RTT

HERE = TransportAddress("192.0.2.1", 7)


def checked(*, is_large: bool, rtt: float = 0.02) -> Remote:
    """Return an address that has answered its first CHECK."""
    remote = Remote(HERE, is_learned=False)
    remote.note_check(b"1", is_large=is_large, now=10.0)
    assert remote.take_answer(b"1", now=10.0 + rtt)
    return remote


def test_small_answer_proves_nothing() -> None:
    """DIR-4."""
    remote = checked(is_large=False)
    assert not remote.is_proven
    assert not remote.is_trusted(now=10.02)
    assert remote.rtt.smoothed == pytest.approx(0.02)


def test_large_answer_proves_the_address() -> None:
    """DIR-4."""
    remote = checked(is_large=True)
    assert remote.is_proven
    assert remote.is_trusted(now=10.0 + CONSENT_TIME)
    assert not remote.is_trusted(now=10.1 + CONSENT_TIME)


def test_answer_to_no_check_is_refused() -> None:
    remote = checked(is_large=True)
    assert not remote.take_answer(b"1", now=11.0)
    assert not remote.take_answer(b"7", now=11.0)


def test_trust_ends_a_while_after_the_first_check_without_an_answer() -> None:
    """DIR-4."""
    remote = checked(is_large=True)
    remote.note_check(b"2", is_large=False, now=20.0)
    remote.note_check(b"3", is_large=False, now=20.2)
    assert remote.is_trusted(now=20.0 + TRUST_MIN - 0.01)
    assert not remote.is_trusted(now=20.0 + TRUST_MIN)


def test_trust_lasts_longer_on_a_slow_path() -> None:
    remote = checked(is_large=True, rtt=0.3)
    assert remote.trust == pytest.approx(TRUST_RTT * 0.3)


def test_anything_valid_renews_trust() -> None:
    remote = checked(is_large=True)
    remote.note_check(b"2", is_large=False, now=20.0)
    remote.hear(now=20.1)
    assert remote.is_trusted(now=30.0)


def test_attack_what_only_comes_from_an_address_does_not_keep_it_trusted() -> None:
    """DIR-4."""
    remote = checked(is_large=True, rtt=0.0)
    for second in range(1, int(CONSENT_TIME) + 1):
        assert remote.is_trusted(now=9.9 + second)
        remote.vouch(now=10.0 + second)
    assert not remote.is_trusted(now=10.0 + CONSENT_TIME)


def test_consent_is_asked_for_half_the_time_before_it_ends() -> None:
    remote = checked(is_large=True, rtt=0.0)
    assert remote.consent_due == 10.0 + IDLE_CHECK
    remote.note_check(b"2", is_large=False, now=10.0 + IDLE_CHECK)
    assert remote.consent_due == 11.0 + IDLE_CHECK
    assert remote.consent_ends == 10.0 + CONSENT_TIME


def test_data_comes_in_for_a_while_after_the_peer_vouched_for_the_address() -> None:
    """DIR-5."""
    remote = Remote(HERE, is_learned=True)
    remote.hear(now=10.0)
    assert not remote.lets_data_in(now=10.0)
    remote.vouch(now=10.0)
    assert remote.lets_data_in(now=9.9 + CONSENT_TIME)
    remote.hear(now=9.9 + CONSENT_TIME)
    assert not remote.lets_data_in(now=10.0 + CONSENT_TIME)


def test_answers_to_old_checks_do_not_count() -> None:
    remote = Remote(HERE, is_learned=True)
    for seq in range(1, 41):
        remote.note_check(bytes([seq]), is_large=False, now=float(seq))
    assert not remote.take_answer(b"\x01", now=50.0)
    assert remote.take_answer(b"\x28", now=50.0)


def test_nothing_is_believed_of_an_address_that_was_given_up() -> None:
    remote = checked(is_large=True)
    remote.note_check(b"2", is_large=True, now=20.0)
    remote.give_up()
    assert not remote.is_proven
    assert not remote.take_answer(b"2", now=20.1)


def test_ipv6_is_taken_for_a_little_faster() -> None:
    remote = Remote(TransportAddress("2001:db8::1", 7), is_learned=False)
    remote.rtt.add(0.02)
    assert remote.score == pytest.approx(0.02 - IPV6_BONUS)
