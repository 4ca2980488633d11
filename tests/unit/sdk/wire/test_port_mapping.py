"""Tests of the PCP and NAT-PMP codec; the bytes are assembled by hand from the RFCs."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ParseError
from packhorse.wire.port_mapping import (
    PcpMapping,
    PmpAddress,
    PmpMapping,
    Unsupported,
    decode_gateway_answer,
    encode_pcp_map,
    encode_pmp_address,
    encode_pmp_map,
)

NONCE = bytes(range(12))
PCP_ANSWER = bytes.fromhex(
    "02 81 00 00 00000384 00000010 000000000000000000000000"
    "000102030405060708090a0b 11 000000 1388 9c40"
    "00000000000000000000ffff c6336407"
)
PMP_ADDRESS = bytes.fromhex("00 80 0000 00000010 c6336407")
PMP_MAPPING = bytes.fromhex("00 81 0000 00000010 1388 9c40 00000384")


def test_pcp_request_is_that_of_rfc_6887() -> None:
    data = encode_pcp_map("192.168.1.10", 5000, NONCE, external_port=0, lifetime=900)
    assert data == bytes.fromhex(
        "02 01 0000 00000384 00000000000000000000ffff c0a8010a"
        "000102030405060708090a0b 11 000000 1388 0000"
        "00000000000000000000ffff 00000000"
    )


def test_nat_pmp_requests_are_those_of_rfc_6886() -> None:
    assert encode_pmp_address() == bytes.fromhex("0000")
    data = encode_pmp_map(5000, external_port=40000, lifetime=900)
    assert data == bytes.fromhex("00 01 0000 1388 9c40 00000384")


def test_answers_are_read() -> None:
    external = TransportAddress("198.51.100.7", 40000)
    assert decode_gateway_answer(PCP_ANSWER) == PcpMapping(0, 900, NONCE, 5000, external)
    assert decode_gateway_answer(PMP_ADDRESS) == PmpAddress(0, "198.51.100.7")
    assert decode_gateway_answer(PMP_MAPPING) == PmpMapping(0, 5000, 40000, 900)


def test_gateway_that_does_not_know_the_version_is_told_from_one_that_does() -> None:
    """RFC 6887 appendix A: a NAT-PMP gateway answers PCP with version 0, result 1."""
    answer = bytes.fromhex("00 81 0001 00000010")
    assert decode_gateway_answer(answer) == Unsupported(1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PCP_ANSWER[:3],
        PCP_ANSWER[:59],
        PMP_MAPPING[:15],
        PMP_ADDRESS[:11],
        encode_pmp_address(),
        encode_pcp_map("192.168.1.10", 5000, NONCE, external_port=0, lifetime=900),
        PCP_ANSWER[:36] + b"\x06" + PCP_ANSWER[37:],
        PCP_ANSWER + bytes(1100),
    ],
    ids=["empty", "head", "pcp", "map", "address", "request", "pcp request", "tcp", "large"],
)
def test_malformed_answers_are_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match="bad_field"):
        decode_gateway_answer(data)
