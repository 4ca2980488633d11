"""The member's end of the authenticated control channel of one session."""

from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE, DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Grant, MemberSeal, RelaySeal
from packhorse.wire.seal import ReplayWindow, decode_seal, derive_keys, encode_seal, seal_body


class SealChannel:
    """Signs what goes to the relay, and lets each message from it through once."""

    def __init__(self, grant: Grant) -> None:
        self.session = grant.session
        """Session id."""
        self.tag = grant.tag
        self._keys = derive_keys(grant.key)
        self._window = ReplayWindow()
        self._next_seq = 1

    def begin_epoch(self, grant: Grant) -> None:
        """Go on with the keys of a GRANT that answered BIND; the numbers go on."""
        self.tag = grant.tag
        self._keys = derive_keys(grant.key)
        self._window = ReplayWindow()

    def take_seq(self) -> int:
        """Return the next sequence number of this direction."""
        seq = self._next_seq
        self._next_seq += 1
        return seq

    def encode(self, message: MemberSeal) -> bytes:
        """Return the signed datagram of `message`."""
        return encode_seal(message, self.session, self.tag, self._keys.member_to_relay)

    def renew(self, datagram: bytes) -> bytes:
        """Return a datagram of the epoch before as one of this epoch."""
        body = datagram[HEADER_SIZE:-MAC_SIZE]
        return seal_body(body, self.session, self.tag, self._keys.member_to_relay)

    def decode(self, data: bytes) -> RelaySeal:
        """Check and decode a SEAL datagram whose tag has been checked.

        Raises:
            ParseError: Another session's, forged, malformed or seen before.
        """
        if data[2:HEADER_SIZE] != self.session.to_bytes(4, "big"):
            raise ParseError(DropReason.UNKNOWN_SESSION)
        message = decode_seal(data, self._keys.relay_to_member, Sender.RELAY)
        if not self._window.accepts(message.seq):
            raise ParseError(DropReason.REPLAYED)
        self._window.mark(message.seq)
        return message
