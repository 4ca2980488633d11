"""Tests of what one socket finds out about its NAT."""

from random import Random

import pytest

from packhorse.core.direct.reflexive import REFRESH, Reflexive
from packhorse.core.stun_client import GIVE_UP
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ParseError
from packhorse.wire.stun import decode_stun, encode_success

RELAY = TransportAddress("198.51.100.1", 6969)
SECOND = TransportAddress("198.51.100.1", 6970)
OWN = TransportAddress("192.168.1.10", 5000)
SEEN = TransportAddress("203.0.113.9", 5000)


def begun() -> Reflexive:
    """Return one that has just begun to ask."""
    return Reflexive(RELAY, OWN, Random(1).randbytes, now=0.0)  # noqa: S311 - repeatable


def answer(reflexive: Reflexive, seen: dict[TransportAddress, int], *, now: float) -> list[bool]:
    """Answer what has been asked with the port that each address sees; tell what changed."""
    changed = []
    for data, target in reflexive.datagrams_to_send():
        mapped = SEEN._replace(port=seen[target])
        reply = encode_success(decode_stun(data).transaction, mapped, SECOND.port)
        changed.append(reflexive.receive(reply, target, now=now))
    return changed


def test_both_ports_of_the_relay_are_asked_one_after_the_other() -> None:
    reflexive = begun()
    assert answer(reflexive, {RELAY: 5000}, now=0.1) == [True]
    before = reflexive.may_be_hard
    assert answer(reflexive, {SECOND: 5000}, now=0.2) == [True]
    assert reflexive.mapped == SEEN
    assert (before, reflexive.may_be_hard) == (True, False)
    assert not reflexive.behaviour.is_hard


def test_nat_that_shows_each_port_another_one_is_hard() -> None:
    reflexive = begun()
    answer(reflexive, {RELAY: 5000}, now=0.1)
    answer(reflexive, {SECOND: 5001}, now=0.2)
    assert reflexive.may_be_hard
    assert reflexive.behaviour.is_hard


def test_refresh_tells_only_what_has_changed() -> None:
    reflexive = begun()
    answer(reflexive, {RELAY: 5000}, now=0.1)
    answer(reflexive, {SECOND: 5000}, now=0.2)
    assert reflexive.next_timeout() == REFRESH
    reflexive.handle_timeout(now=REFRESH)
    assert answer(reflexive, {RELAY: 5000}, now=REFRESH) == [False]
    answer(reflexive, {SECOND: 5000}, now=REFRESH)
    reflexive.handle_timeout(now=2 * REFRESH)
    assert answer(reflexive, {RELAY: 7000}, now=2 * REFRESH) == [True]
    assert reflexive.mapped == SEEN._replace(port=7000)


def test_relay_that_falls_silent_leaves_nothing_to_offer() -> None:
    reflexive = begun()
    answer(reflexive, {RELAY: 5000}, now=0.1)
    changed = False
    while reflexive.next_timeout() <= REFRESH + GIVE_UP:
        changed |= reflexive.handle_timeout(now=reflexive.next_timeout())
    assert changed
    assert reflexive.mapped is None


def test_answer_of_a_stranger_changes_nothing() -> None:
    reflexive = begun()
    with pytest.raises(ParseError, match="unknown_transaction"):
        reflexive.receive(encode_success(bytes(12), SEEN), RELAY, now=0.1)
    assert reflexive.mapped is None
