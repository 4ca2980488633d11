"""The start of a CTRL body: enough to refuse it before the rest is decoded.

A body has exactly one encoding, with its keys in ascending order, so that the type and the
fields that a cookie is made of stand at its start, whatever follows.
"""

import re
from typing import Final, NamedTuple

from packhorse.wire.constants import HEADER_SIZE, DropReason, FirstByte
from packhorse.wire.cookie import Offer
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.messages import MESSAGE_CLASSES, Message

_MAP: Final = rb"(?:[\x80-\x8f]|\xde\x00[\x10-\x40])"
_UINT8: Final = rb"([\x00-\x7f]|\xcc[\x80-\xff])"
_UINT32: Final = rb"([\x00-\x7f]|\xcc[\x80-\xff]|\xcd..|\xce....)"
_TYPE: Final = re.compile(_MAP + rb"\x00([\x00-\x7f])", re.DOTALL)
_PROOF: Final = re.compile(
    _MAP
    + rb"\x00.\x01%b\x02%b\x03%b\x04\xc4\x10(.{16})\x05\xc4\x14(.{20})" % (_UINT8, _UINT8, _UINT32),
    re.DOTALL,
)


class Proof(NamedTuple):
    """What every request but HELLO says about its cookie."""

    offer: Offer
    nonce: bytes
    cookie: bytes


def message_class_of(data: bytes) -> type[Message]:
    """Return what a CTRL datagram of a member says that it is.

    Source: protocol_spec/SPEC.md section 4.2.

    Raises:
        ParseError: It is nothing that a member may send in CTRL.
    """
    start = _TYPE.match(data, HEADER_SIZE)
    if start is None:
        raise ParseError(DropReason.NOT_A_MESSAGE)
    message_class = MESSAGE_CLASSES.get(start[1][0])
    if message_class is None:
        raise ParseError(DropReason.UNKNOWN_TYPE)
    if message_class.CARRIER is not FirstByte.CTRL:
        raise ParseError(DropReason.WRONG_CARRIER)
    if message_class.SENDER is not Sender.MEMBER:
        raise ParseError(DropReason.WRONG_DIRECTION)
    return message_class


def proof_of(data: bytes) -> Proof:
    """Return the offer, the nonce and the cookie of a request that has to have one.

    Source: protocol_spec/SPEC.md section 5.3.

    Raises:
        ParseError: They do not stand where they must.
    """
    found = _PROOF.match(data, HEADER_SIZE)
    if found is None:
        raise ParseError(DropReason.BAD_FIELD)
    version_min, version_max, features, nonce, cookie = found.groups()
    offer = Offer(_uint(version_min), _uint(version_max), _uint(features))
    return Proof(offer, nonce, cookie)


def _uint(encoded: bytes) -> int:
    """Return the integer of a form that has been matched: with a lead byte or without."""
    return int.from_bytes(encoded[1:] or encoded, "big")
