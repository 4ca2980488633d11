"""The restricted msgpack of control messages: one encoding for every value.

The encoder is the msgpack library's; the decoder is ours, because the profile refuses
most of what general decoders take (floats, extensions, longer forms, duplicate keys).
"""

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

Value: TypeAlias = None | bool | int | str | bytes | list["Value"] | dict[int, "Value"]

_MAX_UINT: Final = 2**32 - 1
_MIN_INT: Final = -(2**31)
_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_UINT_WIDTHS: Final = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_INT_WIDTHS: Final = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
# Lead byte to (width of the length, smallest length that needs this form).
_STR_FORMS: Final = {0xD9: (1, 32), 0xDA: (2, 256), 0xDB: (4, 65536)}
_BIN_FORMS: Final = {0xC4: (1, 0), 0xC5: (2, 256), 0xC6: (4, 65536)}
_ARRAY_FORMS: Final = {0xDC: (2, 16), 0xDD: (4, 65536)}
_MAP_FORMS: Final = {0xDE: (2, 16), 0xDF: (4, 65536)}


def encode_value(value: Value) -> bytes:
    """Return the one encoding of `value`; map keys are put in ascending order.

    Source: protocol_spec/SPEC.md section 3.

    Raises:
        LocalProtocolError: The value is outside the profile.
    """
    try:
        data = msgpack.packb(_in_key_order(value), use_bin_type=True)
        decode_value(data)
    except (ParseError, TypeError, ValueError, OverflowError) as error:
        raise LocalProtocolError(f"value is outside the msgpack profile: {error}") from error
    return data


def decode_value(data: bytes) -> Value:
    """Decode exactly one value that fills `data`.

    Source: protocol_spec/SPEC.md section 3.

    Raises:
        ParseError: The bytes break the profile; the reason says how.
    """
    decoder = _Decoder(data)
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

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0
        self._nodes = 0

    def value(self, depth: int) -> Value:
        """Read one value that lies within `depth` containers."""
        self._count_node()
        lead = self._take(1)[0]
        if lead <= 0x7F:
            return lead
        if lead >= 0xE0:
            return lead - 0x100
        if lead in _CONSTANTS:
            return _CONSTANTS[lead]
        if lead in _UINT_WIDTHS or lead in _INT_WIDTHS:
            return self._integer(lead)
        return self._sized(lead, depth)

    def _sized(self, lead: int, depth: int) -> Value:
        if lead <= 0x8F:
            return self._map(lead & 0x0F, depth)
        if lead <= 0x9F:
            return self._array(lead & 0x0F, depth)
        if lead <= 0xBF:
            return self._str(lead & 0x1F)
        if lead in _STR_FORMS:
            return self._str(self._length(*_STR_FORMS[lead]))
        if lead in _BIN_FORMS:
            return self._bin(self._length(*_BIN_FORMS[lead]))
        if lead in _ARRAY_FORMS:
            return self._array(self._length(*_ARRAY_FORMS[lead]), depth)
        if lead in _MAP_FORMS:
            return self._map(self._length(*_MAP_FORMS[lead]), depth)
        raise self._error(DropReason.FORBIDDEN_TYPE)

    def _integer(self, lead: int) -> int:
        is_signed = lead in _INT_WIDTHS
        width = _INT_WIDTHS[lead] if is_signed else _UINT_WIDTHS[lead]
        number = int.from_bytes(self._take(width), "big", signed=is_signed)
        if width > _integer_width(number, is_signed=is_signed):
            raise self._error(DropReason.NOT_SHORTEST)
        if not _MIN_INT <= number <= _MAX_UINT:
            raise self._error(DropReason.OUT_OF_RANGE)
        return number

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
        self._nodes += 1
        if self._nodes > MSGPACK_MAX_NODES:
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


def _integer_width(number: int, *, is_signed: bool) -> int:
    """Return the bytes that the shortest form has after its lead byte, 0 for none."""
    if not is_signed or number >= 0:
        bounds = ((0x7F, 0), (0xFF, 1), (0xFFFF, 2), (_MAX_UINT, 4))
        width = next((width for bound, width in bounds if number <= bound), 8)
        return 0 if is_signed and number <= _MAX_UINT else width
    bounds = ((-(2**5), 0), (-(2**7), 1), (-(2**15), 2), (_MIN_INT, 4))
    return next((width for bound, width in bounds if number >= bound), 8)
