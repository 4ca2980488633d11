"""Room codes as people type them."""

from collections.abc import Iterable

from packhorse.wire.errors import ConfigurationError
from packhorse.wire.room_code import (
    CODE_BYTES,
    encode_room_code,
    is_room_code,
    parse_room_code,
    show_room_code,
)
from tests.fuzz.oracles import check
from tests.support import vectors


def seeds() -> Iterable[bytes]:
    """Return the texts of the vectors."""
    return [vector.given["text"].encode() for vector in vectors.load("room_code")]


def run(data: bytes) -> None:
    """Read a text; what is accepted has one canonical form. Five bytes always have one."""
    made = encode_room_code(data[:CODE_BYTES].ljust(CODE_BYTES, b"\0"))
    check(parse_room_code(show_room_code(made)) == made, "a made code is refused")
    try:
        code = parse_room_code(data.decode(errors="replace"))
    except ConfigurationError:
        return
    check(is_room_code(code), "not canonical")
    check(parse_room_code(show_room_code(code)) == code, "another code")
