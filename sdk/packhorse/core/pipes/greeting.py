"""The datagrams of a pipe: how two ends find each other, and the header of what follows.

    HELLO   1, version, own id, peer's id or zeros, cookie or zeros     34 bytes
    COOKIE  2, id of the asker, cookie                                  25 bytes
    FRAME   3, id of the receiver, payload of the delivery layer
    CLOSE   4, id of the receiver                                        9 bytes

Ids are 8 random bytes that each end chooses for what comes to it. Source: docs/pipes.md.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError

VERSION: Final = 1
ID_SIZE: Final = 8  # bytes
COOKIE_SIZE: Final = 16  # bytes
HEADER_SIZE: Final = 1 + ID_SIZE  # bytes before the payload of a FRAME
NO_ID: Final = bytes(ID_SIZE)
NO_COOKIE: Final = bytes(COOKIE_SIZE)
_HELLO_SIZE: Final = 2 + 2 * ID_SIZE + COOKIE_SIZE
_COOKIE_END: Final = HEADER_SIZE + COOKIE_SIZE


class Kind(IntEnum):
    """First byte."""

    HELLO = 1
    COOKIE = 2
    FRAME = 3
    CLOSE = 4


class Hello(NamedTuple):
    """Says who one is, and whom one knows."""

    own: bytes
    """Id that the sender chose for what comes to it."""
    peer: bytes = NO_ID
    """The receiver's, as far as the sender knows it."""
    cookie: bytes = NO_COOKIE
    """What a listener gave."""


class Cookie(NamedTuple):
    """Asks to come again with a cookie: a listener keeps nothing before that."""

    asker: bytes
    cookie: bytes


class Frame(NamedTuple):
    """Payload of the delivery layer."""

    receiver: bytes
    payload: bytes


class Close(NamedTuple):
    """The sender has closed the pipe."""

    receiver: bytes


def encode_hello(hello: Hello) -> bytes:
    """Return the datagram."""
    return bytes((Kind.HELLO, VERSION)) + hello.own + hello.peer + hello.cookie


def encode_cookie(cookie: Cookie) -> bytes:
    """Return the datagram; it is smaller than the HELLO that it answers."""
    return bytes((Kind.COOKIE,)) + cookie.asker + cookie.cookie


def encode_frame(receiver: bytes, payload: bytes) -> bytes:
    """Return the datagram."""
    return b"\x03" + receiver + payload


def encode_close(receiver: bytes) -> bytes:
    """Return the datagram."""
    return bytes((Kind.CLOSE,)) + receiver


def decode(data: bytes) -> Hello | Cookie | Frame | Close:
    """Return what a datagram says.

    Raises:
        ParseError: It is none of these.
    """
    if len(data) < HEADER_SIZE:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    rest = data[HEADER_SIZE:]
    match data[0]:
        case Kind.FRAME:
            return Frame(data[1:HEADER_SIZE], rest)
        case Kind.HELLO:
            return _decode_hello(data)
        case Kind.COOKIE if len(data) == _COOKIE_END:
            return Cookie(data[1:HEADER_SIZE], rest)
        case Kind.CLOSE if not rest:
            return Close(data[1:HEADER_SIZE])
    raise ParseError(DropReason.UNKNOWN_TYPE)


def _decode_hello(data: bytes) -> Hello:
    if len(data) != _HELLO_SIZE:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    if data[1] != VERSION:
        raise ParseError(DropReason.NO_COMMON_VERSION, 1)
    own, peer = data[2:10], data[10:18]
    if own == NO_ID:
        raise ParseError(DropReason.BAD_FIELD, 2)
    return Hello(own, peer, data[18:])
