"""SEAL datagrams: forged ones, and those of a member or relay that signs nonsense."""

import hmac
from collections.abc import Iterable
from typing import Any, Final

from packhorse.wire.constants import HEADER_SIZE, MAC_SIZE, FirstByte
from packhorse.wire.fields import Sender
from packhorse.wire.header import encode_header
from packhorse.wire.messages import Message
from packhorse.wire.msgpack_profile import decode_value
from packhorse.wire.seal import SharedSeal, decode_seal, encode_seal
from tests.fuzz.oracles import check, decoded
from tests.support import vectors

_KEY: Final = bytes(range(32))
_HEADER: Final = encode_header(FirstByte.SEAL, 0x5C, 0x01020304)
_SIDES: Final = tuple(Sender)


def seeds() -> Iterable[bytes]:
    """Return the bodies of the vectors."""
    return [vector.data[HEADER_SIZE:-MAC_SIZE] for vector in vectors.load("seal")]


def run(data: bytes) -> None:
    """Decode a body as either side, with its MAC (SEAL-1, MSG-3) and as if it had one."""
    signed = _HEADER + data
    datagram = signed + hmac.digest(_KEY, signed, "sha256")[:MAC_SIZE]
    for side in _SIDES:
        sender: Any = side
        check(decoded(lambda: decode_seal(signed, _KEY, sender)) is None, "no MAC")  # noqa: B023
        message = decoded(lambda: decode_seal(datagram, _KEY, sender))  # noqa: B023
        if message is not None:
            _check_encoding(message, data, datagram)


def _check_encoding(message: Any, body: bytes, datagram: bytes) -> None:
    session, tag = 0x01020304, 0x5C
    again = encode_seal(message, session, tag, _KEY)
    held: Any = decode_value(body)
    check(again == datagram or set(held) - _known(message), "another encoding")
    if message.SENDER is Sender.RELAY:
        shared = SharedSeal.of(message).encode(message.seq, session, tag, _KEY)
        check(shared == again, "a shared message is another one")


def _known(message: Message) -> set[int]:
    return {0, *(field.key for field in message.FIELDS)}
