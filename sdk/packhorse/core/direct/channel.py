"""What two members seal for each other (SPEC.md section 18.3)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE, DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Check, Checked, PeerSeal
from packhorse.wire.seal import ReplayWindow, decode_seal, derive_direct_key, encode_seal

_SHARE_SIZE: Final = 16  # bytes
_MAX_PAD: Final = 1180  # bytes
_LEAST_PAD: Final = 1  # bytes, so that no answer is larger than its CHECK
_PAD_COST: Final = HEADER_SIZE + MAC_SIZE + 24  # bytes of a CHECK beside its padding, at most


class DirectDatagram(NamedTuple):
    """A datagram that goes to a peer's address."""

    data: bytes
    address: TransportAddress
    ttl: int | None = None
    """Hops that it may take; None for what the system gives."""


class DirectEnd(NamedTuple):
    """What one side chose for what comes to it."""

    tag: int
    connection: int
    share: bytes

    @classmethod
    def choose(cls, random_bytes: Callable[[int], bytes]) -> "DirectEnd":
        """Choose at random."""
        connection = int.from_bytes(random_bytes(4), "big")
        return cls(random_bytes(1)[0], connection, random_bytes(_SHARE_SIZE))


class DirectChannel:
    """Signs checks for one peer, and lets each of the peer's through once."""

    def __init__(self, own: DirectEnd, peer: DirectEnd, *, is_lower: bool) -> None:
        shares = (own.share, peer.share) if is_lower else (peer.share, own.share)
        self._key = derive_direct_key(*shares)
        self._own = own
        self._peer = peer
        self._window = ReplayWindow()
        self._next_seq = 1

    def check(self, challenge: bytes, size: int) -> bytes:
        """Return the datagram of a CHECK.

        Args:
            challenge: 8 random bytes, which nobody knows who does not get this CHECK.
            size: Bytes of the datagram, as far as padding reaches; 0 for a small one.
        """
        pad = bytes(min(max(_LEAST_PAD, size - _PAD_COST), _MAX_PAD))
        return self._seal(Check(seq=self._take_seq(), challenge=challenge, pad=pad))

    def checked(self, challenge: bytes) -> bytes:
        """Return the answer to the peer's CHECK with this challenge."""
        return self._seal(Checked(seq=self._take_seq(), challenge=challenge))

    def decode(self, data: bytes) -> PeerSeal:
        """Check and decode a SEAL datagram for this side's connection.

        Raises:
            ParseError: It has another tag, is forged, malformed or was seen before.
        """
        if data[1] != self._own.tag:
            raise ParseError(DropReason.WRONG_TAG)
        message = decode_seal(data, self._key, Sender.PEER)
        if not self._window.accepts(message.seq):
            raise ParseError(DropReason.REPLAYED)
        self._window.mark(message.seq)
        return message

    def _take_seq(self) -> int:
        seq = self._next_seq
        self._next_seq += 1
        return seq

    def _seal(self, message: PeerSeal) -> bytes:
        return encode_seal(message, self._peer.connection, self._peer.tag, self._key)
