"""What two middlemen say to each other about one TCP connection."""

from collections.abc import Iterable

from packhorse.core.streams.format import (
    CLOSED,
    FIN,
    OPENED,
    ResetReason,
    StreamKind,
    StreamMessage,
    decode_stream_message,
    encode_data,
    encode_open,
    encode_reset,
    encode_window,
    known_reason,
)
from tests.fuzz.oracles import check, decoded


def seeds() -> Iterable[bytes]:
    """Return one message of each kind."""
    return [
        encode_open(1),
        OPENED,
        encode_data(b"hi"),
        FIN,
        encode_window(65536),
        encode_reset(ResetReason.BUSY),
        CLOSED,
        CLOSED + b"later versions",
    ]


def run(data: bytes) -> None:
    """Decode a message; it starts with its one encoding, what follows is for later versions."""
    message = decoded(lambda: decode_stream_message(data))
    if message is None:
        return
    again = _encode(message)
    check(data.startswith(again), "another encoding")
    check(decode_stream_message(again) == message, "another meaning")


def _encode(message: StreamMessage) -> bytes:
    match message.kind:
        case StreamKind.OPEN:
            return encode_open(message.value)
        case StreamKind.DATA:
            return encode_data(message.data)
        case StreamKind.WINDOW:
            return encode_window(message.value)
        case StreamKind.RESET:
            known_reason(message.value)
            return bytes([StreamKind.RESET, message.value])
        case _:
            return bytes([message.kind])
