"""Values of the msgpack profile; the msgpack library is the second opinion."""

from collections.abc import Iterable

import msgpack

from packhorse.wire.constants import CTRL_MAX_NODES
from packhorse.wire.msgpack_profile import decode_value, encode_value
from tests.fuzz.oracles import check, decoded
from tests.support import vectors


def seeds() -> Iterable[bytes]:
    """Return the values of the vectors."""
    return [vector.data for vector in vectors.load("msgpack")]


def run(data: bytes) -> None:
    """Decode a value; what is accepted has one encoding (MSG-3)."""
    short = decoded(lambda: [decode_value(data, CTRL_MAX_NODES)])
    value = decoded(lambda: [decode_value(data)])
    check(short is None or repr(short) == repr(value), "a lower limit of nodes changes a value")
    if value is not None:
        check(encode_value(value[0]) == data, "another encoding")
        library = msgpack.unpackb(data, strict_map_key=False)
        check(repr(library) == repr(value[0]), "the msgpack library reads another value")
