"""The restricted msgpack of control messages: one encoding for every value.

The encoder is the msgpack library's; the decoder is ours, because the profile refuses
most of what general decoders take (floats, extensions, longer forms, duplicate keys).
"""

from enum import Enum, auto
from typing import Final, TypeAlias

import msgpack

from packhorse.wire.constants import (
    MSGPACK_MAX_BIN,
    MSGPACK_MAX_DEPTH,
    MSGPACK_MAX_ITEMS,
    MSGPACK_MAX_KEY,
    MSGPACK_MAX_NODES,
    MSGPACK_MAX_STR,
    DropReason,
)
from packhorse.wire.errors import LocalProtocolError, ParseError

Value: TypeAlias = bool | int | str | bytes | list["Value"] | dict[int, "Value"] | None

_MAX_UINT: Final = 2**32 - 1
_MIN_INT: Final = -(2**31)


class _Sized(Enum):
    """Types whose values have a length."""

    MAP = auto()
    ARRAY = auto()
    STR = auto()
    BIN = auto()


# Values that are their lead byte and nothing else.
_SINGLE_BYTES: Final[dict[int, bool | int | None]] = {
    **{number: number for number in range(0x80)},
    **{0x100 + number: number for number in range(-0x20, 0)},
    0xC0: None,
    0xC2: False,
    0xC3: True,
}
# Lead byte to the bytes that follow and the smallest number that needs this form.
_UINT_FORMS: Final = {0xCC: (1, 0x80), 0xCD: (2, 0x100), 0xCE: (4, 0x10000), 0xCF: (8, 2**32)}
# Likewise with the largest number: what is not negative has a form without sign.
_INT_FORMS: Final = {
    0xD0: (1, -(2**5) - 1),
    0xD1: (2, -(2**7) - 1),
    0xD2: (4, -(2**15) - 1),
    0xD3: (8, _MIN_INT - 1),
}
# Lead byte to type and length.
_SHORT_FORMS: Final = {
    **{0x80 | length: (_Sized.MAP, length) for length in range(16)},
    **{0x90 | length: (_Sized.ARRAY, length) for length in range(16)},
    **{0xA0 | length: (_Sized.STR, length) for length in range(32)},
}
# Lead byte to type, bytes of the length and the smallest length that needs this form.
_LONG_FORMS: Final = {
    0xC4: (_Sized.BIN, 1, 0),
    0xC5: (_Sized.BIN, 2, 0x100),
    0xC6: (_Sized.BIN, 4, 0x10000),
    0xD9: (_Sized.STR, 1, 32),
    0xDA: (_Sized.STR, 2, 0x100),
    0xDB: (_Sized.STR, 4, 0x10000),
    0xDC: (_Sized.ARRAY, 2, 16),
    0xDD: (_Sized.ARRAY, 4, 0x10000),
    0xDE: (_Sized.MAP, 2, 16),
    0xDF: (_Sized.MAP, 4, 0x10000),
}


def encode_value(value: Value) -> bytes:
    """Return the one encoding of `value`; map keys are put in ascending order.

    Source: protocol_spec/SPEC.md section 3.

    Raises:
        LocalProtocolError: The value is outside the profile.
    """
    try:
        data = msgpack.packb(_in_key_order(value), use_bin_type=True)
        decode_value(data)
    except (ParseError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LocalProtocolError(f"value is outside the msgpack profile: {error}") from error
    return data


def decode_value(data: bytes, max_nodes: int = MSGPACK_MAX_NODES) -> Value:
    """Decode exactly one value that fills `data` and has 1..`max_nodes` nodes.

    Source: protocol_spec/SPEC.md section 3.

    Raises:
        ParseError: The bytes break the profile; the reason says how.
    """
    decoder = _Decoder(data, max_nodes)
    value = decoder.value(depth=0)
    if decoder.position != len(data):
        raise ParseError(DropReason.TRAILING_BYTES, decoder.position)
    return value


def _in_key_order(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _in_key_order(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_in_key_order(item) for item in value]
    return value


class _Decoder:
    """Reads values from left to right; recursion is bounded by the depth limit."""

    def __init__(self, data: bytes, max_nodes: int) -> None:
        self._data = data
        self.position = 0
        self._nodes_left = max_nodes

    def value(self, depth: int) -> Value:
        """Read one value that lies within `depth` containers."""
        self._count_node()
        lead = self._take(1)[0]
        if lead in _SINGLE_BYTES:
            return _SINGLE_BYTES[lead]
        if lead in _UINT_FORMS:
            return self._uint(*_UINT_FORMS[lead])
        if lead in _INT_FORMS:
            return self._int(*_INT_FORMS[lead])
        return self._sized(*self._form(lead), depth)

    def _uint(self, width: int, smallest: int) -> int:
        number = int.from_bytes(self._take(width), "big")
        if number < smallest:
            raise self._error(DropReason.NOT_SHORTEST)
        if number > _MAX_UINT:
            raise self._error(DropReason.OUT_OF_RANGE)
        return number

    def _int(self, width: int, largest: int) -> int:
        number = int.from_bytes(self._take(width), "big", signed=True)
        if number > largest:
            raise self._error(DropReason.NOT_SHORTEST)
        if number < _MIN_INT:
            raise self._error(DropReason.OUT_OF_RANGE)
        return number

    def _form(self, lead: int) -> tuple[_Sized, int]:
        """Return the type and the length that `lead` and what follows it declare."""
        if lead in _SHORT_FORMS:
            return _SHORT_FORMS[lead]
        if lead not in _LONG_FORMS:
            raise self._error(DropReason.FORBIDDEN_TYPE)
        sized, width, smallest = _LONG_FORMS[lead]
        return sized, self._length(width, smallest)

    def _sized(self, sized: _Sized, length: int, depth: int) -> Value:
        if sized is _Sized.MAP:
            return self._map(length, depth)
        if sized is _Sized.ARRAY:
            return self._array(length, depth)
        return self._str(length) if sized is _Sized.STR else self._bin(length)

    def _length(self, width: int, smallest: int) -> int:
        length = int.from_bytes(self._take(width), "big")
        if length < smallest:
            raise self._error(DropReason.NOT_SHORTEST)
        return length

    def _str(self, length: int) -> str:
        if length > MSGPACK_MAX_STR:
            raise self._error(DropReason.TOO_LONG)
        taken = self._take(length)
        try:
            text = taken.decode()
        except UnicodeDecodeError:
            raise self._error(DropReason.BAD_UTF8) from None
        if "\0" in text:
            raise self._error(DropReason.BAD_UTF8)
        return text

    def _bin(self, length: int) -> bytes:
        if length > MSGPACK_MAX_BIN:
            raise self._error(DropReason.TOO_LONG)
        return self._take(length)

    def _array(self, count: int, depth: int) -> list[Value]:
        self._check_container(count, count, depth)
        return [self.value(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[int, Value]:
        self._check_container(count, 2 * count, depth)
        result: dict[int, Value] = {}
        previous = -1
        for _ in range(count):
            previous = self._key(previous)
            result[previous] = self.value(depth + 1)
        return result

    def _key(self, previous: int) -> int:
        self._count_node()
        key = self._take(1)[0]
        if key > MSGPACK_MAX_KEY:
            raise self._error(DropReason.BAD_KEY)
        if key <= previous:
            raise self._error(DropReason.KEY_ORDER)
        return key

    def _check_container(self, count: int, least_bytes: int, depth: int) -> None:
        if depth >= MSGPACK_MAX_DEPTH:
            raise self._error(DropReason.TOO_DEEP)
        if count > MSGPACK_MAX_ITEMS:
            raise self._error(DropReason.TOO_MANY_ITEMS)
        if least_bytes > len(self._data) - self.position:
            raise self._error(DropReason.TRUNCATED)

    def _count_node(self) -> None:
        self._nodes_left -= 1
        if self._nodes_left < 0:
            raise self._error(DropReason.TOO_MANY_NODES)

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise self._error(DropReason.TRUNCATED)
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def _error(self, reason: DropReason) -> ParseError:
        return ParseError(reason, self.position)
