"""What a field of a control message may hold."""

from enum import Enum
from typing import NamedTuple


class Sender(Enum):
    """Which side sends a message."""

    MEMBER = "member"
    RELAY = "relay"
    PEER = "peer"
    """Another member, directly."""


class FieldType(Enum):
    """Type of a field's value."""

    UINT = "uint"
    BOOL = "bool"
    BYTES = "bytes"
    STR = "str"
    RECORDS = "records"
    """Array of arrays of unsigned integers, all of one width."""


class Field(NamedTuple):
    """One field of a message, as protocol.yaml describes it."""

    key: int
    """Map key, 1..111."""
    name: str
    type: FieldType
    minimum: int = 0
    """Smallest integer."""
    maximum: int = 0
    """Largest integer; longest string or byte string in bytes; most records."""
    sizes: tuple[int, ...] = ()
    """Allowed lengths in bytes; empty means 0 to `maximum`."""
    width: int = 0
    """Integers in a record."""
    optional: bool = False

    def accepts(self, value: object) -> bool:
        """Tell whether `value` is of the field's type, size and range."""
        match self.type:
            case FieldType.UINT:
                return type(value) is int and self.minimum <= value <= self.maximum
            case FieldType.BOOL:
                return type(value) is bool
            case FieldType.BYTES:
                return type(value) is bytes and self._accepts_length(len(value))
            case FieldType.STR:
                return type(value) is str and _utf8_size(value) <= self.maximum
            case _:  # RECORDS
                return self._accepts_records(value)

    def _accepts_length(self, length: int) -> bool:
        return length in self.sizes if self.sizes else length <= self.maximum

    def _accepts_records(self, value: object) -> bool:
        if not isinstance(value, list | tuple) or len(value) > self.maximum:
            return False
        return all(self._accepts_record(record) for record in value)

    def _accepts_record(self, record: object) -> bool:
        return (
            isinstance(record, list | tuple)
            and len(record) == self.width
            and all(type(item) is int and item >= 0 for item in record)
        )


def _utf8_size(text: str) -> int:
    """Return the bytes of `text`; surrogates are counted here and refused by the encoder."""
    return len(text.encode(errors="surrogatepass"))
