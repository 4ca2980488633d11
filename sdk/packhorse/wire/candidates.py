"""Addresses that an OFFER names (SPEC.md section 18.2)."""

import ipaddress
from collections.abc import Sequence
from typing import Final, NamedTuple

from packhorse.wire.address import (
    ADDRESS_SIZES,
    TransportAddress,
    decode_address,
    encode_address,
    is_loopback,
)
from packhorse.wire.constants import MAX_CANDIDATES, CandidateKind, DropReason
from packhorse.wire.errors import ParseError

_HEAD: Final = 2  # bytes: kind, length
_KINDS: Final = frozenset(CandidateKind)
_BROADCAST: Final = "255.255.255.255"


class Candidate(NamedTuple):
    """An address at which a member may be reached directly."""

    kind: CandidateKind
    address: TransportAddress


def encode_candidates(candidates: Sequence[Candidate]) -> bytes:
    """Return the field `candidates` of an OFFER; the first MAX_CANDIDATES count.

    Source: protocol_spec/SPEC.md section 18.2.
    """
    parts = []
    for kind, address in candidates[:MAX_CANDIDATES]:
        encoded = encode_address(address)
        parts.append(bytes([kind, len(encoded)]) + encoded)
    return b"".join(parts)


def decode_candidates(data: bytes) -> list[Candidate]:
    """Decode what `encode_candidates` made; unknown kinds are skipped.

    Source: protocol_spec/SPEC.md section 18.2.

    Raises:
        ParseError: A length is wrong.
    """
    found: list[Candidate] = []
    while data:
        head, data = data[:_HEAD], data[_HEAD:]
        if len(head) < _HEAD or head[1] not in ADDRESS_SIZES or len(data) < head[1]:
            raise ParseError(DropReason.BAD_FIELD)
        address, data = decode_address(data[: head[1]]), data[head[1] :]
        if head[0] in _KINDS and len(found) < MAX_CANDIDATES:
            found.append(Candidate(CandidateKind(head[0]), address))
    return found


def may_be_checked(address: TransportAddress, *, relay: TransportAddress) -> bool:
    """Tell whether an offered address may be sent to.

    Args:
        address: What was offered.
        relay: Address of the own relay; when that is a loopback address, peers may be there, too.

    Source: protocol_spec/SPEC.md section 18.2.
    """
    ip = ipaddress.ip_address(address.host)
    if address[:2] == relay[:2]:
        return False
    if address.port == 0 or ip.is_multicast or ip.is_unspecified or address.host == _BROADCAST:
        return False
    if ip.is_link_local:  # its scope is unknown here, and no member offers such an address
        return False
    return is_loopback(relay) or not ip.is_loopback


_ORDER: Final = (
    CandidateKind.REFLEXIVE,
    CandidateKind.MAPPED,
    CandidateKind.HOST,
    CandidateKind.PREDICTED,
)


def arranged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates with those first that must not be lost when there are too many."""
    return sorted(candidates, key=lambda candidate: _ORDER.index(candidate.kind))
