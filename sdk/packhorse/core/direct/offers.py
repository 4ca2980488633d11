"""What two members have offered each other (SPEC.md section 18.2)."""

from typing import Final

from packhorse.core.direct.channel import DirectEnd
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import decode_candidates
from packhorse.wire.codec import decode_body, encode_body
from packhorse.wire.constants import (
    OFFER_INTERVAL,
    OFFER_INTERVAL_MAX,
    BirthdayPart,
    CandidateKind,
    DropReason,
    FirstByte,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Offer

_REPEATS: Final = 8


def decode_offer(data: bytes) -> Offer:
    """Decode what a SIGNAL carries.

    Source: protocol_spec/SPEC.md section 18.2.

    Raises:
        ParseError: It is no OFFER.
    """
    message = decode_body(data, FirstByte.SEAL, Sender.PEER)
    if not isinstance(message, Offer):
        raise ParseError(DropReason.UNEXPECTED_MESSAGE)
    return message


class Offers:
    """The newest offer of both sides, and when the own one is sent."""

    def __init__(self, own: DirectEnd) -> None:
        self.own = own
        self.peer: Offer | None = None
        """The peer's newest."""
        self.attempt = 0
        """Number of the attempt that the own newest offer names."""
        self.due: float | None = None
        """When the own offer is to be sent; None: not until something happens."""
        self.part: BirthdayPart | None = None
        """What this side does in birthday probing."""
        self._candidates = b""
        self._number = 0
        self._heard = 0  # the peer has heard the own offer of this number
        self._sends = 0
        self._sent_at = 0.0
        self._told = 0  # number of the peer's offer that the own last one named as heard

    @property
    def is_heard(self) -> bool:
        """Tell whether the peer has the own newest offer."""
        return self._heard >= self._number

    @property
    def predicted(self) -> list[TransportAddress]:
        """The own PREDICTED candidates."""
        own = decode_candidates(self._candidates)
        return [each.address for each in own if each.kind is CandidateKind.PREDICTED]

    def renew(self, *, candidates: bytes | None = None, now: float) -> None:
        """Make a new offer, to be sent at once."""
        if candidates is not None:
            self._candidates = candidates
        self._number += 1
        self._sends = 0
        self.due = now

    def receive(self, offer: Offer, *, now: float) -> bool:
        """Take in an offer of the peer; tell whether it says anything new.

        Raises:
            ParseError: It is older than the newest.
        """
        if self.peer is not None and end_of(self.peer) != end_of(offer):
            self.peer = None
            self._heard = self._told = 0
        newest = self.peer.seq if self.peer else 0
        if offer.seq < newest:
            raise ParseError(DropReason.REPLAYED)
        self._heard = max(self._heard, min(offer.heard, self._number))
        is_new = offer.seq > newest
        if is_new:
            self.peer = offer
        if offer.ask and self._number:
            self._answer(offer, now)
        elif self.is_heard:
            self.due = None
        return is_new

    def _answer(self, offer: Offer, now: float) -> None:
        """Tell that the peer's offer was heard, unless that is on its way."""
        is_told = self._told >= offer.seq and now < self._sent_at + OFFER_INTERVAL
        self.due = self._sent_at + OFFER_INTERVAL if is_told else now

    def take(self, *, now: float) -> bytes | None:
        """Return the own offer for a SIGNAL if it is due, and plan to repeat it."""
        if self.due is None or now < self.due:
            return None
        interval = min(OFFER_INTERVAL * 2.0**self._sends, OFFER_INTERVAL_MAX)
        self._sends += 1
        self._sent_at = now
        self._told = self.peer.seq if self.peer else 0
        is_last = self.is_heard or self._sends > _REPEATS
        self.due = None if is_last else now + interval
        return encode_body(self._message())

    def _message(self) -> Offer:
        return Offer(
            seq=self._number,
            tag=self.own.tag,
            connection=self.own.connection,
            share=self.own.share,
            candidates=self._candidates,
            heard=self._told,
            attempt=self.attempt,
            ask=None if self.is_heard else True,
            part=self.part,
        )


def end_of(offer: Offer) -> DirectEnd:
    """Return what the sender of an offer chose for what comes to it."""
    return DirectEnd(offer.tag, offer.connection, offer.share)
