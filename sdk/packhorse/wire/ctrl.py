"""CTRL datagrams: control before a session exists."""

from functools import cache
from typing import Literal, overload

from packhorse.wire.codec import decode_body, encode_body
from packhorse.wire.constants import (
    HEADER_SIZE,
    MSGPACK_MAX_BIN,
    MSGPACK_MAX_NODES,
    ErrorCode,
    FirstByte,
)
from packhorse.wire.fields import Sender
from packhorse.wire.header import encode_header
from packhorse.wire.messages import (
    Create,
    Error,
    Grant,
    Hello,
    Join,
    MemberCtrl,
    Message,
    RelayCtrl,
)
from packhorse.wire.msgpack_profile import Value

_PAD_FIELD_OVERHEAD = 4  # bytes: key, bin16 lead byte, length
_SHORT_PAD = 256  # bytes; below it the length takes one byte instead of two


def encode_ctrl(message: Message, transaction: int, extra: dict[int, Value] | None = None) -> bytes:
    """Return the datagram of `message` with the transaction id 0..2^32-1.

    Source: protocol_spec/SPEC.md section 4.
    """
    return encode_header(FirstByte.CTRL, 0, transaction) + encode_body(message, extra)


def encode_error(code: ErrorCode, transaction: int) -> bytes:
    """Return ERROR with nothing but a code, as `encode_ctrl` does, but at next to no cost.

    Source: protocol_spec/SPEC.md section 4.
    """
    return encode_header(FirstByte.CTRL, 0, transaction) + _error_body(code)


@cache
def _error_body(code: ErrorCode) -> bytes:
    return encode_body(Error(code=code))


@overload
def decode_ctrl(
    data: bytes, sender: Literal[Sender.MEMBER], *, max_nodes: int = MSGPACK_MAX_NODES
) -> MemberCtrl: ...
@overload
def decode_ctrl(data: bytes, sender: Literal[Sender.RELAY]) -> RelayCtrl: ...
def decode_ctrl(data: bytes, sender: Sender, *, max_nodes: int = MSGPACK_MAX_NODES) -> Message:
    """Decode a CTRL datagram, whose header has been checked, from the side `sender`.

    Raises:
        ParseError: The body is no message that `sender` may send in CTRL, or has more
            than `max_nodes` values, keys and containers.
    """
    return decode_body(data[HEADER_SIZE:], FirstByte.CTRL, sender, max_nodes)


def pad_size(unpadded: int, wanted: int) -> int | None:
    """Return the length of the pad field that brings a datagram to `wanted` bytes.

    None means that no pad field fits: the datagram is as large already. One length is
    unreachable (the length field grows from one byte to two); it comes out one short.
    A pad has at most 1180 bytes, so that a large `wanted` comes out short as well.
    """
    room = min(wanted - unpadded - _PAD_FIELD_OVERHEAD, MSGPACK_MAX_BIN)
    if room >= _SHORT_PAD:
        return room
    return min(room + 1, _SHORT_PAD - 1) if room >= -1 else None


def encode_padded(
    message: Hello | Create | Join | Grant,
    transaction: int,
    wanted: int,
    extra: dict[int, Value] | None = None,
) -> bytes:
    """Encode HELLO or GRANT, padded to `wanted` bytes where it is smaller.

    Source: protocol_spec/SPEC.md section 5.
    """
    plain = encode_ctrl(message, transaction, extra)
    size = pad_size(len(plain), wanted)
    if size is None or not isinstance(message, Hello | Grant):
        return plain
    return encode_ctrl(_with_pad(message, size), transaction, extra)


def _with_pad(message: Hello | Grant, size: int) -> Hello | Grant:
    fields = {field.name: getattr(message, field.name) for field in message.FIELDS}
    return type(message)(**{**fields, "pad": bytes(size)})
