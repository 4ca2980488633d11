"""Control messages to bodies and back: map key 0 is the type, the other keys are fields."""

from enum import IntEnum
from typing import Final, cast

from packhorse.wire.constants import MSGPACK_MAX_NODES, DropReason, FirstByte
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.fields import FieldType, Sender
from packhorse.wire.messages import MESSAGE_CLASSES, Message
from packhorse.wire.msgpack_profile import Value, decode_value, encode_value

_TYPE_KEY: Final = 0


def encode_body(message: Message, extra: dict[int, Value] | None = None) -> bytes:
    """Return the body of `message`.

    Args:
        message: What to encode.
        extra: Further map keys, which receivers skip (GREASE, SPEC.md section 9).

    Source: protocol_spec/SPEC.md section 4.

    Raises:
        LocalProtocolError: A field has the wrong type, size or range.
    """
    body: dict[int, Value] = {_TYPE_KEY: int(message.TYPE), **(extra or {})}
    for field in message.FIELDS:
        value = getattr(message, field.name)
        if value is None and field.optional:
            continue
        plain = _without_enums(value)
        if not field.accepts(plain):
            problem = f"{type(message).__name__}.{field.name} does not accept {type(value)}"
            raise LocalProtocolError(problem)
        body[field.key] = plain
    return encode_value(body)


def decode_body(
    body: bytes, carrier: FirstByte, sender: Sender, max_nodes: int = MSGPACK_MAX_NODES
) -> Message:
    """Decode a body that came in a datagram of kind `carrier` from the side `sender`.

    Source: protocol_spec/SPEC.md section 4.

    Raises:
        ParseError: The bytes are outside the msgpack profile, or are no message
            that `sender` may send in `carrier`.
    """
    value = decode_value(body, max_nodes)
    if not isinstance(value, dict):
        raise ParseError(DropReason.NOT_A_MESSAGE)
    message_type = value.get(_TYPE_KEY)
    if type(message_type) is not int or message_type < 0:
        raise ParseError(DropReason.NOT_A_MESSAGE)
    message_class = MESSAGE_CLASSES.get(message_type)
    if message_class is None:
        raise ParseError(DropReason.UNKNOWN_TYPE)
    if message_class.CARRIER is not carrier:
        raise ParseError(DropReason.WRONG_CARRIER)
    if message_class.SENDER is not sender:
        raise ParseError(DropReason.WRONG_DIRECTION)
    return _from_fields(message_class, value)


def _from_fields(message_class: type[Message], values: dict[int, Value]) -> Message:
    fields: dict[str, object] = {}
    for field in message_class.FIELDS:
        if field.key not in values:
            if not field.optional:
                raise ParseError(DropReason.MISSING_FIELD)
            continue
        value = values[field.key]
        if not field.accepts(value):
            raise ParseError(DropReason.BAD_FIELD)
        is_records = field.type is FieldType.RECORDS
        fields[field.name] = _records(cast("list[list[int]]", value)) if is_records else value
    return message_class(**fields)  # type: ignore[arg-type]


def _records(value: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(record) for record in value)


def _without_enums(value: Value) -> Value:
    """Return the value with members of IntEnum, which name codes and kinds, as plain int."""
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, list | tuple):
        return [_without_enums(item) for item in value]
    return value
