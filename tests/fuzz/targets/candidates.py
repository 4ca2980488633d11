"""The addresses that an OFFER names, and the OFFER around them."""

from collections.abc import Iterable
from typing import Final

from packhorse.core.direct.offers import decode_offer
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import decode_candidates, encode_candidates, may_be_checked
from packhorse.wire.codec import encode_body
from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE, MAX_CANDIDATES
from tests.fuzz.oracles import check, decoded
from tests.support import vectors

_RELAY: Final = TransportAddress("192.0.2.1", 6969)


def seeds() -> Iterable[bytes]:
    """Return the bytes of the vectors, and the bodies of signed messages."""
    yield from (vector.data for vector in vectors.load("candidates"))
    yield from (vector.data[HEADER_SIZE:-MAC_SIZE] for vector in vectors.load("seal")[::3])


def run(data: bytes) -> None:
    """Decode as candidates and as an OFFER; what is accepted means the same when encoded."""
    _check_candidates(data)
    offer = decoded(lambda: decode_offer(data))
    if offer is not None:
        check(decode_offer(encode_body(offer)) == offer, "another offer")
        _check_candidates(offer.candidates)


def _check_candidates(data: bytes) -> None:
    found = decoded(lambda: decode_candidates(data))
    if found is None:
        return
    again = encode_candidates(found)
    check(len(found) <= MAX_CANDIDATES, "too many candidates")
    check(len(again) <= len(data), "the encoder needs more bytes")
    check(decode_candidates(again) == found, "another meaning")
    allowed = [each.address for each in found if may_be_checked(each.address, relay=_RELAY)]
    check(all(each.port and each != _RELAY for each in allowed), "a check to the relay, or port 0")
