"""CTRL datagrams from both sides, and what the relay reads of them before it decodes them."""

from collections.abc import Iterable
from typing import Any

from packhorse.wire.constants import CTRL_MAX_NODES, HEADER_SIZE, Kind
from packhorse.wire.cookie import Offer
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Bind, Create, Join, Message
from packhorse.wire.msgpack_profile import decode_value
from packhorse_relay.core.ctrl_start import message_class_of, proof_of
from tests.fuzz.oracles import check, decoded
from tests.support import vectors

_SIDES = tuple(Sender)


def seeds() -> Iterable[bytes]:
    """Return the datagrams of the vectors."""
    return [vector.data for vector in vectors.load("ctrl")]


def run(data: bytes) -> None:
    """Decode a datagram as either side; what is accepted has one encoding (MSG-3)."""
    header = decoded(lambda: decode_header(data))
    decoded(lambda: message_class_of(data))
    decoded(lambda: proof_of(data))
    if header is None or header.kind is not Kind.CTRL:
        return
    for side in _SIDES:
        sender: Any = side
        message = decoded(lambda: decode_ctrl(data, sender))  # noqa: B023 - called at once
        if message is not None:
            _check_encoding(message, header.word, data)
            if side is Sender.MEMBER:
                _check_start(message, data)


def _check_encoding(message: Message, transaction: int, data: bytes) -> None:
    body: Any = decode_value(data[HEADER_SIZE:])
    known = {0, *(field.key for field in message.FIELDS)}
    extra = {key: value for key, value in body.items() if key not in known}
    check(encode_ctrl(message, transaction, extra) == data, "another encoding")


def _check_start(message: Message, data: bytes) -> None:
    """See that what the relay reads first is what it decodes afterwards."""
    check(message_class_of(data) is type(message), "another message class")
    short = decoded(lambda: decode_ctrl(data, Sender.MEMBER, max_nodes=CTRL_MAX_NODES))
    check(short in {None, message}, "a lower limit of nodes changes a message")
    if isinstance(message, Bind | Create | Join):
        offer = Offer(message.version_min, message.version_max, message.features)
        check(proof_of(data) == (offer, message.nonce, message.cookie), "another proof")
