"""SEAL datagrams: control messages of a session, authenticated and protected from replay."""

import hmac
from dataclasses import replace
from typing import Final, Literal, NamedTuple, overload

from packhorse.wire.codec import decode_body, encode_body
from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE, REPLAY_WINDOW, DropReason, FirstByte
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import encode_header
from packhorse.wire.messages import MemberSeal, Message, PeerSeal, RelaySeal
from packhorse.wire.msgpack_profile import encode_value

_LABELS: Final = {
    Sender.MEMBER: b"packhorse.v1 member to relay",
    Sender.RELAY: b"packhorse.v1 relay to member",
}
_DIRECT_LABEL: Final = b"packhorse.v1 member to member"


_SEQ_AT: Final = 4  # bytes: lead byte of the map, key 0, type, key 1


class DirectionKeys(NamedTuple):
    """The two keys of a session, 32 bytes each."""

    member_to_relay: bytes
    relay_to_member: bytes


def derive_keys(session_key: bytes) -> DirectionKeys:
    """Derive the key of each direction from the 32-byte session key.

    Source: protocol_spec/SPEC.md section 6.
    """
    return DirectionKeys(*(hmac.digest(session_key, label, "sha256") for label in _LABELS.values()))


def derive_direct_key(lower_share: bytes, higher_share: bytes) -> bytes:
    """Derive the key of what two members seal for each other.

    Args:
        lower_share: Share of the member with the lower peer id, 16 bytes.
        higher_share: The other's.

    Source: protocol_spec/SPEC.md section 18.
    """
    return hmac.digest(lower_share + higher_share, _DIRECT_LABEL, "sha256")


def encode_seal(
    message: MemberSeal | RelaySeal | PeerSeal, session: int, tag: int, key: bytes
) -> bytes:
    """Return the SEAL datagram of `message`, signed with the key of its direction.

    Source: protocol_spec/SPEC.md section 6.
    """
    return seal_body(encode_body(message), session, tag, key)


def seal_body(body: bytes, session: int, tag: int, key: bytes) -> bytes:
    """Return the SEAL datagram of a body that has been encoded.

    Source: protocol_spec/SPEC.md section 6.
    """
    signed = encode_header(FirstByte.SEAL, tag, session) + body
    return signed + _mac(key, signed)


class SharedSeal(NamedTuple):
    """A message for several sessions, encoded but for its sequence number."""

    start: bytes
    """Body up to the value of key 1."""
    rest: bytes
    """Body after it."""

    @classmethod
    def of(cls, message: RelaySeal) -> "SharedSeal":
        """Encode `message`, whose own `seq` does not matter."""
        body = encode_body(replace(message, seq=1))
        return cls(body[:_SEQ_AT], body[_SEQ_AT + 1 :])

    def encode(self, seq: int, session: int, tag: int, key: bytes) -> bytes:
        """Return the SEAL datagram, the same as `encode_seal` makes.

        Source: protocol_spec/SPEC.md section 6.
        """
        header = encode_header(FirstByte.SEAL, tag, session)
        signed = header + self.start + encode_value(seq) + self.rest
        return signed + _mac(key, signed)


@overload
def decode_seal(data: bytes, key: bytes, sender: Literal[Sender.MEMBER]) -> MemberSeal: ...
@overload
def decode_seal(data: bytes, key: bytes, sender: Literal[Sender.RELAY]) -> RelaySeal: ...
@overload
def decode_seal(data: bytes, key: bytes, sender: Literal[Sender.PEER]) -> PeerSeal: ...
def decode_seal(data: bytes, key: bytes, sender: Sender) -> Message:
    """Check the MAC, then decode the body; the header has been checked before.

    The caller checks `message.seq` against its `ReplayWindow`.

    Source: protocol_spec/SPEC.md section 6.

    Raises:
        ParseError: Too short, the MAC is wrong, or the body is no message that
            `sender` may send in SEAL.
    """
    if len(data) <= HEADER_SIZE + MAC_SIZE:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    signed, mac = data[:-MAC_SIZE], data[-MAC_SIZE:]
    if not hmac.compare_digest(mac, _mac(key, signed)):
        raise ParseError(DropReason.BAD_MAC, len(signed))
    return decode_body(signed[HEADER_SIZE:], FirstByte.SEAL, sender)


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")[:MAC_SIZE]


class ReplayWindow:
    """Remembers which of the newest 64 sequence numbers of a direction were seen."""

    __slots__ = ("_newest", "_seen")

    def __init__(self) -> None:
        self._newest = 0
        self._seen = 0  # bit n: number newest - n was seen

    def accepts(self, seq: int) -> bool:
        """Tell whether `seq` (1..2^32-1) is neither seen nor too old."""
        if seq > self._newest:
            return True
        age = self._newest - seq
        return age < REPLAY_WINDOW and not self._seen >> age & 1

    def mark(self, seq: int) -> None:
        """Remember that `seq`, which is acceptable, was seen."""
        if seq > self._newest:
            shift = min(seq - self._newest, REPLAY_WINDOW)
            self._seen = (self._seen << shift | 1) & ((1 << REPLAY_WINDOW) - 1)
            self._newest = seq
        else:
            self._seen |= 1 << (self._newest - seq)
