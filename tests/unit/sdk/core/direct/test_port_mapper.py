"""Tests of asking a gateway for a port."""

import pytest

from packhorse.core.direct.port_mapper import LIFETIME, PROBE, PortMapper, Protocol, is_inside
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ParseError
from packhorse.wire.port_mapping import encode_pcp_map, encode_pmp_address, encode_pmp_map

CLIENT, PORT = "192.168.1.10", 5000
NONCE = bytes(range(12))
OUTSIDE = "203.0.113.9"


def mapper() -> PortMapper:
    """Return one that has just asked."""
    return PortMapper(CLIENT, PORT, lambda size: NONCE[:size], now=0.0)


def pcp_answer(
    *, nonce: bytes = NONCE, port: int = PORT, host: str = OUTSIDE, result: int = 0
) -> bytes:
    """Return a gateway's answer by PCP."""
    octets = bytes(map(int, host.split(".")))
    return (
        bytes((2, 0x81, 0, result))
        + LIFETIME.to_bytes(4, "big")
        + bytes(16)
        + nonce
        + b"\x11\x00\x00\x00"
        + port.to_bytes(2, "big")
        + (40000).to_bytes(2, "big")
        + bytes(10)
        + b"\xff\xff"
        + octets
    )


PMP_ADDRESS = bytes.fromhex("00 80 0000 00000010 cb007109")
PMP_MAPPING = bytes.fromhex("00 81 0000 00000010 1388 9c40 00000384")
PMP_REFUSAL = bytes.fromhex("00 81 0002 00000010 1388 0000 00000000")
PMP_WRONG_VERSION = bytes.fromhex("00 81 0001 00000010")
PCP_REQUEST = encode_pcp_map(CLIENT, PORT, NONCE, external_port=0, lifetime=LIFETIME)
PMP_REQUESTS = [encode_pmp_address(), encode_pmp_map(PORT, external_port=0, lifetime=LIFETIME)]


def let_time_out(asked: PortMapper) -> float:
    """Let nobody answer until all has been tried; return when that is."""
    now = 0.0
    while not asked.is_settled:
        now = asked.next_timeout() or now
        asked.handle_timeout(now=now)
    return now


def test_pcp_is_tried_first() -> None:
    asked = mapper()
    assert asked.datagrams_to_send() == [PCP_REQUEST]
    asked.receive(pcp_answer(), now=0.01)
    assert asked.mapped == TransportAddress(OUTSIDE, 40000)
    assert asked.protocol is Protocol.PCP


def test_nat_pmp_follows_when_pcp_is_not_answered_in_time() -> None:
    asked = mapper()
    for now in (0.1, PROBE):
        asked.handle_timeout(now=now)
    assert asked.datagrams_to_send() == [PCP_REQUEST, PCP_REQUEST, *PMP_REQUESTS]
    asked.receive(PMP_MAPPING, now=0.26)
    assert not asked.is_settled
    asked.receive(PMP_ADDRESS, now=0.27)
    assert asked.mapped == TransportAddress(OUTSIDE, 40000)
    assert asked.protocol is Protocol.NAT_PMP


@pytest.mark.parametrize("answer", [PMP_WRONG_VERSION, pcp_answer(result=2)])
def test_nat_pmp_follows_at_once_when_pcp_is_refused(answer: bytes) -> None:
    asked = mapper()
    asked.datagrams_to_send()
    asked.receive(answer, now=0.01)
    assert asked.datagrams_to_send() == PMP_REQUESTS


def test_gateway_that_knows_neither_is_given_up_within_half_a_second() -> None:
    asked = mapper()
    assert let_time_out(asked) == pytest.approx(2 * PROBE)
    assert (asked.mapped, asked.protocol) == (None, None)
    assert asked.next_timeout() == pytest.approx(2 * PROBE + 600)


def test_gateway_that_refuses_is_given_up_at_once() -> None:
    asked = mapper()
    asked.receive(PMP_WRONG_VERSION, now=0.01)
    asked.receive(PMP_REFUSAL, now=0.02)
    assert asked.is_settled
    assert asked.mapped is None


def test_lease_is_renewed_at_half_its_time_with_the_same_port() -> None:
    asked = mapper()
    asked.receive(pcp_answer(), now=0.0)
    asked.datagrams_to_send()
    assert asked.next_timeout() == LIFETIME / 2
    asked.handle_timeout(now=LIFETIME / 2)
    again = encode_pcp_map(CLIENT, PORT, NONCE, external_port=40000, lifetime=LIFETIME)
    assert asked.datagrams_to_send() == [again]
    assert asked.mapped is not None


def test_renewal_by_nat_pmp_asks_for_address_and_port_anew() -> None:
    asked = mapper()
    asked.receive(PMP_WRONG_VERSION, now=0.0)
    for answer in (PMP_ADDRESS, PMP_MAPPING):
        asked.receive(answer, now=0.0)
    asked.datagrams_to_send()
    asked.handle_timeout(now=LIFETIME / 2)
    assert len(asked.datagrams_to_send()) == 2
    asked.receive(PMP_ADDRESS, now=LIFETIME / 2)
    assert not asked.is_settled


def test_mapping_that_cannot_be_renewed_ends_with_its_lease() -> None:
    asked = mapper()
    asked.receive(pcp_answer(), now=0.0)
    ended_at = 0.0
    for _ in range(200):
        if asked.mapped is not None:
            ended_at = asked.next_timeout() or ended_at
            asked.handle_timeout(now=ended_at)
    assert LIFETIME <= ended_at <= LIFETIME + 2


def test_end_takes_the_mapping_away() -> None:
    asked = mapper()
    asked.receive(pcp_answer(), now=0.0)
    asked.datagrams_to_send()
    asked.close()
    removal = encode_pcp_map(CLIENT, PORT, NONCE, external_port=0, lifetime=0)
    assert asked.datagrams_to_send() == [removal]
    assert (asked.mapped, asked.next_timeout()) == (None, None)


def test_end_of_a_mapping_by_nat_pmp_is_one_datagram() -> None:
    asked = mapper()
    asked.receive(PMP_WRONG_VERSION, now=0.0)
    for answer in (PMP_ADDRESS, PMP_MAPPING):
        asked.receive(answer, now=0.0)
    asked.datagrams_to_send()
    asked.close()
    assert asked.datagrams_to_send() == [encode_pmp_map(PORT, external_port=0, lifetime=0)]


def test_end_without_a_mapping_says_nothing() -> None:
    asked = mapper()
    asked.datagrams_to_send()
    asked.close()
    assert asked.datagrams_to_send() == []


@pytest.mark.parametrize(
    "answer", [pcp_answer(nonce=bytes(12)), pcp_answer(port=5001)], ids=["nonce", "port"]
)
def test_forged_answer_by_pcp_has_to_guess_the_nonce(answer: bytes) -> None:
    asked = mapper()
    with pytest.raises(ParseError, match="unknown_transaction"):
        asked.receive(answer, now=0.01)
    assert asked.mapped is None


def test_answer_that_nobody_waits_for_is_refused() -> None:
    asked = mapper()
    asked.receive(pcp_answer(), now=0.0)
    with pytest.raises(ParseError, match="unknown_transaction"):
        asked.receive(pcp_answer(host="203.0.113.99"), now=0.01)
    assert asked.mapped == TransportAddress(OUTSIDE, 40000)


@pytest.mark.parametrize("host", ["10.1.2.3", "100.64.0.9", "192.168.0.2", "0.0.0.0"])  # noqa: S104
def test_gateway_behind_another_nat_gives_nothing_to_offer(host: str) -> None:
    asked = mapper()
    asked.receive(pcp_answer(host=host), now=0.0)
    assert is_inside(host)
    assert asked.mapped is None
    assert asked.protocol is Protocol.PCP
