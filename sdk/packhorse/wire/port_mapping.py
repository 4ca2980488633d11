"""Messages that ask a gateway to forward a UDP port: PCP (RFC 6887) and NAT-PMP (RFC 6886)."""

import ipaddress
import struct
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

GATEWAY_PORT: Final = 5351
NONCE_SIZE: Final = 12  # bytes
_UDP: Final = 17
_ANSWER: Final = 0x80
_PCP: Final = 2
_NAT_PMP: Final = 0
_PCP_MAP: Final = 1
_PMP_ADDRESS: Final = 0
_PMP_MAP_UDP: Final = 1
_MAX_ANSWER: Final = 1100  # bytes, RFC 6887 section 7
_PCP_REQUEST: Final = struct.Struct(">BBxxI16s12sBxxxHH16s")
_PCP_ANSWER: Final = struct.Struct(">BBxBIIxxxxxxxxxxxx12sBxxxHH16s")
_PMP_REQUEST: Final = struct.Struct(">BBxxHHI")
_PMP_ADDRESS_ANSWER: Final = struct.Struct(">BBHI4s")
_PMP_MAP_ANSWER: Final = struct.Struct(">BBHIHHI")
_ANY_V4: Final = ipaddress.ip_address("::ffff:0.0.0.0").packed


class PcpMapping(NamedTuple):
    """A gateway's answer to MAP."""

    result: int
    """0 is success, RFC 6887 section 7.4."""
    lifetime: int
    """Seconds."""
    nonce: bytes
    internal_port: int
    external: TransportAddress


class PmpAddress(NamedTuple):
    """A gateway's answer about its public address."""

    result: int
    """0 is success, RFC 6886 section 3.5."""
    host: str


class PmpMapping(NamedTuple):
    """A gateway's answer to a request for a mapping."""

    result: int
    internal_port: int
    external_port: int
    lifetime: int
    """Seconds."""


class Unsupported(NamedTuple):
    """A gateway that does not know the version, or says no in a form of its own."""

    result: int


GatewayAnswer = PcpMapping | PmpAddress | PmpMapping | Unsupported


def encode_pcp_map(
    client: str, internal_port: int, nonce: bytes, *, external_port: int, lifetime: int
) -> bytes:
    """Return a PCP request for a mapping of UDP.

    Args:
        client: Own IPv4 address as the gateway sees it.
        internal_port: Own port.
        nonce: 12 random bytes, the same as long as the mapping is.
        external_port: The port that is wanted; 0 for any.
        lifetime: Seconds; 0 takes the mapping away.

    Source: RFC 6887 sections 7.1 and 11.1.
    """
    own = ipaddress.ip_address(f"::ffff:{client}").packed
    return _PCP_REQUEST.pack(
        _PCP, _PCP_MAP, lifetime, own, nonce, _UDP, internal_port, external_port, _ANY_V4
    )


def encode_pmp_address() -> bytes:
    """Return a NAT-PMP request for the public address (RFC 6886 section 3.2)."""
    return bytes((_NAT_PMP, _PMP_ADDRESS))


def encode_pmp_map(internal_port: int, *, external_port: int, lifetime: int) -> bytes:
    """Return a NAT-PMP request for a mapping of UDP (RFC 6886 section 3.3).

    Args:
        internal_port: Own port.
        external_port: The port that is wanted; 0 for any, and to take a mapping away.
        lifetime: Seconds; 0 takes the mapping away.
    """
    return _PMP_REQUEST.pack(_NAT_PMP, _PMP_MAP_UDP, internal_port, external_port, lifetime)


def decode_gateway_answer(data: bytes) -> GatewayAnswer:
    """Decode an answer of either protocol; they share the port and differ in the first byte.

    Source: RFC 6887 sections 7.2, 11.1 and appendix A, RFC 6886 sections 3.2, 3.3 and 3.5.

    Raises:
        ParseError: It is no answer, or malformed.
    """
    if not _PCP_HEAD <= len(data) <= _MAX_ANSWER or not data[1] & _ANSWER:
        raise ParseError(DropReason.BAD_FIELD)
    version, opcode = data[0], data[1] & ~_ANSWER
    if version == _PCP and opcode == _PCP_MAP and len(data) >= _PCP_ANSWER.size:
        return _decode_pcp(data)
    if version == _NAT_PMP and opcode == _PMP_ADDRESS and len(data) >= _PMP_ADDRESS_ANSWER.size:
        _, _, result, _, host = _PMP_ADDRESS_ANSWER.unpack_from(data)
        return PmpAddress(result, str(ipaddress.ip_address(host)))
    if version == _NAT_PMP and opcode == _PMP_MAP_UDP and len(data) >= _PMP_MAP_ANSWER.size:
        _, _, result, _, internal, external, lifetime = _PMP_MAP_ANSWER.unpack_from(data)
        return PmpMapping(result, internal, external, lifetime)
    result = int.from_bytes(data[2:4], "big")
    if result == 0:
        raise ParseError(DropReason.BAD_FIELD)
    return Unsupported(result)


def _decode_pcp(data: bytes) -> PcpMapping:
    _, _, result, lifetime, _, nonce, protocol, internal, external, host = _PCP_ANSWER.unpack_from(
        data
    )
    if protocol != _UDP:
        raise ParseError(DropReason.BAD_FIELD)
    address = ipaddress.IPv6Address(host)
    literal = str(address.ipv4_mapped or address)
    return PcpMapping(result, lifetime, nonce, internal, TransportAddress(literal, external))


_PCP_HEAD: Final = 4  # bytes that all answers have
