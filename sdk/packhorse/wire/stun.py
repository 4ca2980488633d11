"""STUN: the Binding method, as far as finding out about NATs needs it (RFC 8489, RFC 5780)."""

import binascii
import ipaddress
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

HEADER_SIZE: Final = 20  # bytes
TRANSACTION_SIZE: Final = 12  # bytes
_COOKIE: Final = 0x2112A442
_COOKIE_BYTES: Final = _COOKIE.to_bytes(4, "big")
_HEADER: Final = struct.Struct(">HHI12s")
_ATTRIBUTE: Final = struct.Struct(">HH")
_ALIGNMENT: Final = 4  # bytes
_FINGERPRINT_SIZE: Final = 8  # bytes, its head included
_FINGERPRINT_XOR: Final = 0x5354554E
_OPTIONAL_FROM: Final = 0x8000  # attributes from here on may be skipped
_MAX_ATTRIBUTES: Final = 16
_CHANGE_PORT: Final = 0x2
_CHANGE_ADDRESS: Final = 0x4
_FAMILIES: Final = {4: 1, 6: 2}
_ADDRESS_SIZES: Final = {1: 4, 2: 16}


class StunType(IntEnum):
    """Message types: the method Binding in its classes."""

    REQUEST = 0x0001
    SUCCESS = 0x0101
    ERROR = 0x0111


class Attribute(IntEnum):
    """Attributes that are read or written here."""

    CHANGE_REQUEST = 0x0003
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    XOR_MAPPED_ADDRESS = 0x0020
    PADDING = 0x0026
    SOFTWARE = 0x8022
    FINGERPRINT = 0x8028
    OTHER_ADDRESS = 0x802C


_TYPES: Final = frozenset(kind.to_bytes(2, "big") for kind in StunType)
_UNDERSTOOD: Final = frozenset((Attribute.CHANGE_REQUEST, Attribute.PADDING))


class StunMessage(NamedTuple):
    """A STUN message; FINGERPRINT is checked and left out of the attributes."""

    type: StunType
    transaction: bytes
    attributes: tuple[tuple[int, bytes], ...] = ()

    def get(self, attribute: int) -> bytes | None:
        """Return the value of the first attribute of a type."""
        return next((value for found, value in self.attributes if found == attribute), None)

    @property
    def wants_other_port(self) -> bool:
        """Tell whether a request asks to be answered from the other port (RFC 5780, 7.2)."""
        return bool(_flags(self) & _CHANGE_PORT)

    @property
    def unknown_attributes(self) -> tuple[int, ...]:
        """Attributes of a request that have to be understood and are not (RFC 8489, 6.3.1).

        To answer from another IP address is one of them: a relay does not promise to have two.
        """
        unknown = [
            found
            for found, _value in self.attributes
            if found < _OPTIONAL_FROM and found not in _UNDERSTOOD
        ]
        if _flags(self) & _CHANGE_ADDRESS:
            unknown.append(Attribute.CHANGE_REQUEST)
        return tuple(unknown)

    @property
    def mapped(self) -> TransportAddress | None:
        """Return XOR-MAPPED-ADDRESS of an answer.

        Raises:
            ParseError: It is malformed.
        """
        value = self.get(Attribute.XOR_MAPPED_ADDRESS)
        return None if value is None else _decode_xored(value, self.transaction)

    @property
    def other_port(self) -> int | None:
        """Return the port in OTHER-ADDRESS of an answer; None without a second port.

        Raises:
            ParseError: It is malformed.
        """
        value = self.get(Attribute.OTHER_ADDRESS)
        return None if value is None else _decode_plain(value).port or None


def is_stun(data: bytes) -> bool:
    """Tell whether a datagram is a Binding message of STUN (RFC 8489, section 5).

    No datagram of Packhorse begins so, and no legacy one: that begins with 00aa.
    """
    return len(data) >= HEADER_SIZE and data[4:8] == _COOKIE_BYTES and data[:2] in _TYPES


def encode_stun(message: StunMessage) -> bytes:
    """Return the message with a FINGERPRINT at its end (RFC 8489, sections 5 and 14.7)."""
    body = b"".join(_encode_attribute(*attribute) for attribute in message.attributes)
    length = len(body) + _FINGERPRINT_SIZE
    head = _HEADER.pack(message.type, length, _COOKIE, message.transaction)
    return head + body + _fingerprint(head + body)


def decode_stun(data: bytes) -> StunMessage:
    """Decode a Binding message; FINGERPRINT may be missing.

    Source: RFC 8489, sections 5, 6.3 and 14.7.

    Raises:
        ParseError: It is none; or a length, the number of attributes or the FINGERPRINT is wrong.
    """
    if not is_stun(data):
        raise ParseError(DropReason.BAD_STUN)
    kind, length, _cookie, transaction = _HEADER.unpack_from(data)
    if length % _ALIGNMENT or length != len(data) - HEADER_SIZE:
        raise ParseError(DropReason.BAD_STUN)
    attributes = tuple(_attributes(data))
    if attributes and attributes[-1][0] == Attribute.FINGERPRINT:
        body = data[:-_FINGERPRINT_SIZE]
        if data[-_FINGERPRINT_SIZE:] != _fingerprint(body):
            raise ParseError(DropReason.BAD_STUN)
        attributes = attributes[:-1]
    return StunMessage(StunType(kind), transaction, attributes)


def encode_request(transaction: bytes, *, size: int, from_other_port: bool = False) -> bytes:
    """Return a Binding request, padded so that its answer may be as large.

    Args:
        transaction: 12 random bytes.
        size: Bytes of the whole request, a multiple of 4 from 40 on.
        from_other_port: Ask for the answer to come from the server's other port.
    """
    attributes = []
    if from_other_port:
        attributes.append((Attribute.CHANGE_REQUEST, _CHANGE_PORT.to_bytes(4, "big")))
    used = HEADER_SIZE + 8 * len(attributes) + _ATTRIBUTE.size + _FINGERPRINT_SIZE
    attributes.append((Attribute.PADDING, bytes(max(0, size - used))))
    return encode_stun(StunMessage(StunType.REQUEST, transaction, tuple(attributes)))


def encode_success(
    transaction: bytes, mapped: TransportAddress, other_port: int | None = None
) -> bytes:
    """Return the answer to a Binding request (RFC 8489, 14.2; RFC 5780, 7.4).

    Args:
        transaction: Of the request.
        mapped: Where the request came from.
        other_port: The second port of the server; its address stands as all zeros, because
            it is the one that was asked.
    """
    attributes = [(Attribute.XOR_MAPPED_ADDRESS, _encode_xored(mapped, transaction))]
    if other_port is not None:
        anywhere = "::" if ":" in mapped.host else "0.0.0.0"  # noqa: S104 - says: the same
        other = _encode_plain(TransportAddress(anywhere, other_port))
        attributes.append((Attribute.OTHER_ADDRESS, other))
    return encode_stun(StunMessage(StunType.SUCCESS, transaction, tuple(attributes)))


def encode_unknown(transaction: bytes, unknown: tuple[int, ...]) -> bytes:
    """Return error 420, Unknown Attribute (RFC 8489, 6.3.1 and 14.8)."""
    listed = b"".join(attribute.to_bytes(2, "big") for attribute in unknown)
    attributes = (
        (Attribute.ERROR_CODE, b"\x00\x00\x04\x14"),
        (Attribute.UNKNOWN_ATTRIBUTES, listed),
    )
    return encode_stun(StunMessage(StunType.ERROR, transaction, attributes))


def _flags(message: StunMessage) -> int:
    return int.from_bytes(message.get(Attribute.CHANGE_REQUEST) or b"", "big")


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the attributes; what follows FINGERPRINT is refused (RFC 8489, 14.7)."""
    offset, count = HEADER_SIZE, 0
    while offset < len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, offset)
        start = offset + _ATTRIBUTE.size
        offset = start + length + -length % _ALIGNMENT
        count += 1
        is_misplaced = kind == Attribute.FINGERPRINT and offset != len(data)
        if offset > len(data) or count > _MAX_ATTRIBUTES or is_misplaced:
            raise ParseError(DropReason.BAD_STUN)
        yield kind, data[start : start + length]


def _encode_attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % _ALIGNMENT)


def _fingerprint(data: bytes) -> bytes:
    checksum = binascii.crc32(data) ^ _FINGERPRINT_XOR
    return _ATTRIBUTE.pack(Attribute.FINGERPRINT, 4) + checksum.to_bytes(4, "big")


def _encode_plain(address: TransportAddress) -> bytes:
    ip = ipaddress.ip_address(address.host)
    return bytes((0, _FAMILIES[ip.version])) + address.port.to_bytes(2, "big") + ip.packed


def _encode_xored(address: TransportAddress, transaction: bytes) -> bytes:
    return _xor(_encode_plain(address), transaction)


def _decode_xored(value: bytes, transaction: bytes) -> TransportAddress:
    return _decode_plain(_xor(value, transaction))


def _decode_plain(value: bytes) -> TransportAddress:
    size = _ADDRESS_SIZES.get(value[1]) if len(value) > _ALIGNMENT else None
    if size is None or len(value) != _ALIGNMENT + size:
        raise ParseError(DropReason.BAD_STUN)
    host = str(ipaddress.ip_address(value[_ALIGNMENT:]))
    return TransportAddress(host, int.from_bytes(value[2:_ALIGNMENT], "big"))


def _xor(value: bytes, transaction: bytes) -> bytes:
    """Return the value with port and address XORed, which is its own inverse."""
    mask = bytes(2) + _COOKIE_BYTES[:2] + _COOKIE_BYTES + transaction
    return bytes(octet ^ other for octet, other in zip(value, mask, strict=False))
