"""What two ends tell each other over a pipe to punch a TCP connection; docs/pipes.md.

offer   id (16 random bytes), share of the key (16), then addresses: length, address
proof   HMAC-SHA-256 under the key of both shares, over the ids of sender and receiver
"""

import hmac
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from packhorse.wire.address import (
    ADDRESS_SIZES,
    TransportAddress,
    decode_address,
    encode_address,
)
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

MAX_ADDRESSES: Final = 16
PROOF_SIZE: Final = 32  # bytes
_ID_SIZE: Final = 16  # bytes
_SHARE_SIZE: Final = 16  # bytes
_LABEL: Final = b"packhorse.v1 tcp punching"


class PunchOffer(NamedTuple):
    """One end, and where it listens."""

    id: bytes
    share: bytes
    addresses: tuple[TransportAddress, ...]


def make_offer(
    addresses: Sequence[TransportAddress], random_bytes: Callable[[int], bytes]
) -> PunchOffer:
    """Return an offer of the first 16 addresses."""
    chosen = tuple(addresses[:MAX_ADDRESSES])
    return PunchOffer(random_bytes(_ID_SIZE), random_bytes(_SHARE_SIZE), chosen)


def encode_offer(offer: PunchOffer) -> bytes:
    """Return the message."""
    encoded = [encode_address(address) for address in offer.addresses]
    return offer.id + offer.share + b"".join(bytes((len(each),)) + each for each in encoded)


def decode_offer(data: bytes) -> PunchOffer:
    """Return the offer in a message.

    Raises:
        ParseError: It is malformed, or names more than 16 addresses.
    """
    start = _ID_SIZE + _SHARE_SIZE
    if len(data) < start:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    own_id, share = data[:_ID_SIZE], data[_ID_SIZE:start]
    addresses: list[TransportAddress] = []
    while start < len(data):
        size = data[start]
        encoded = data[start + 1 : start + 1 + size]
        is_bad = size not in ADDRESS_SIZES or len(encoded) != size
        if is_bad or len(addresses) == MAX_ADDRESSES:
            raise ParseError(DropReason.BAD_FIELD, start)
        addresses.append(decode_address(encoded))
        start += 1 + size
    return PunchOffer(own_id, share, tuple(addresses))


def decides(own: PunchOffer, peer: PunchOffer) -> bool:
    """Tell whether the own end starts, and chooses the connection.

    Raises:
        ParseError: The peer's offer is our own, thrown back.
    """
    if own.id == peer.id:
        raise ParseError(DropReason.UNEXPECTED_SOURCE)
    return own.id < peer.id


def proof(sender: PunchOffer, receiver: PunchOffer) -> bytes:
    """Return the 32 bytes with which `sender` shows `receiver` who it is."""
    lower, higher = sorted((sender, receiver))
    key = hmac.digest(lower.share + higher.share, _LABEL, "sha256")
    return hmac.digest(key, sender.id + receiver.id, "sha256")


def is_proof(data: bytes, sender: PunchOffer, receiver: PunchOffer) -> bool:
    """Tell whether `data` is what `sender` would show."""
    return hmac.compare_digest(data, proof(sender, receiver))
