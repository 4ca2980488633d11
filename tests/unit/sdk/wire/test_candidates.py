"""Tests of offered addresses."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import (
    Candidate,
    decode_candidates,
    encode_candidates,
    may_be_checked,
)
from packhorse.wire.constants import MAX_CANDIDATES, CandidateKind, DropReason
from packhorse.wire.errors import ParseError

RELAY = TransportAddress("203.0.113.1", 6969)
V4 = Candidate(CandidateKind.HOST, TransportAddress("192.0.2.1", 49152))
V6 = Candidate(CandidateKind.REFLEXIVE, TransportAddress("2001:db8::1", 7))


def test_candidates_have_kind_length_and_address() -> None:
    encoded = encode_candidates([V4, V6])
    assert encoded.hex() == ("0106c0000201c000" + "021220010db8000000000000000000000001" + "0007")
    assert decode_candidates(encoded) == [V4, V6]


def test_no_candidates_are_no_bytes() -> None:
    assert encode_candidates([]) == b""
    assert decode_candidates(b"") == []


def test_unknown_kind_is_skipped() -> None:
    encoded = encode_candidates([V4, V6])
    assert decode_candidates(b"\x63" + encoded[1:]) == [V6]


@pytest.mark.parametrize("data", ["01", "0105c00002010000", "0106c00002", "0106c0000201c00002"])
def test_wrong_length_is_refused(data: str) -> None:
    with pytest.raises(ParseError) as caught:
        decode_candidates(bytes.fromhex(data))
    assert caught.value.reason is DropReason.BAD_FIELD


def test_only_the_first_candidates_count() -> None:
    """DIR-6."""
    many = [
        Candidate(CandidateKind.HOST, TransportAddress("192.0.2.1", port))
        for port in range(1, MAX_CANDIDATES + 4)
    ]
    assert decode_candidates(encode_candidates(many)) == many[:MAX_CANDIDATES]
    one_by_one = b"".join(encode_candidates([candidate]) for candidate in many)
    assert decode_candidates(one_by_one) == many[:MAX_CANDIDATES]


@pytest.mark.parametrize(
    "host", ["192.168.1.10", "100.64.0.3", "198.51.100.7", "2001:db8::1", "fd00::1"]
)
def test_unicast_address_may_be_checked(host: str) -> None:
    assert may_be_checked(TransportAddress(host, 1), relay=RELAY)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("192.168.1.10", 0),
        ("224.0.0.1", 9),
        ("255.255.255.255", 9),
        ("0.0.0.0", 9),  # noqa: S104 - never bound to
        ("127.0.0.1", 9),
        ("::1", 9),
        ("::", 9),
        ("ff02::1", 9),
        ("fe80::1", 9),
        ("169.254.169.254", 9),
    ],
)
def test_attack_offered_address_that_is_no_peers_is_not_checked(host: str, port: int) -> None:
    assert not may_be_checked(TransportAddress(host, port), relay=RELAY)


def test_attack_relay_is_not_checked_though_a_peer_offers_its_address() -> None:
    """DIR-9."""
    assert not may_be_checked(RELAY, relay=RELAY)
    assert may_be_checked(RELAY._replace(port=7000), relay=RELAY)


def test_loopback_may_be_checked_where_the_relay_is_there() -> None:
    assert may_be_checked(
        TransportAddress("127.0.0.1", 9), relay=TransportAddress("127.0.0.1", 6969)
    )
