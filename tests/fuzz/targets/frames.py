"""The payload of FRAME datagrams."""

from collections.abc import Iterable

from packhorse.wire.frames import decode_frames
from tests.fuzz.oracles import check, decoded
from tests.support import vectors
from tests.support.frame_json import decode_frames_json, encode_frames_json


def seeds() -> Iterable[bytes]:
    """Return the payloads of the vectors."""
    return [vector.data for vector in vectors.load("frames")]


def run(data: bytes) -> None:
    """Decode a payload; what is accepted is encoded in no more bytes, and means the same."""
    datagram = decoded(lambda: decode_frames(data))
    if datagram is None:
        return
    again = encode_frames_json(decode_frames_json(data))
    check(len(again) <= len(data), "the encoder needs more bytes")
    check(decode_frames(again) == datagram, "another meaning")
