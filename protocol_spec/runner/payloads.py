"""FRAME payloads as plain values; the runner's own codec, so that nobody judges themselves."""

import struct
from typing import Any, Final

MODES: Final = ("UNRELIABLE", "UNRELIABLE_ORDERED", "RELIABLE", "RELIABLE_UNORDERED")
Fields = dict[str, Any]
"""Name to node; the names are those of scenarios/README.md."""
Node = str | list[Any] | Fields
"""What YAML and JSON hold here: text, nodes in a list, or nodes by name."""

_RELIABLE: Final = MODES[2:]
_FRAGMENTED: Final = 0x10
_CHANNEL: Final = 0x08
_LENGTH: Final = 0x04


class PayloadError(Exception):
    """A payload is not of the form of SPEC.md 16.4."""


def content_of(message: Fields, name: str) -> bytes:
    """Return the bytes under `name`, in hex; or as many letters "a" as `size` says."""
    if "size" in message:
        return b"a" * int(message["size"])
    return bytes.fromhex(message.get(name, ""))


def encode(fields: Fields) -> bytes:
    """Return a payload; it asks when it holds what must arrive, unless the fields say otherwise."""
    messages = fields.get("messages", [])
    must_arrive = any(message["mode"] in _RELIABLE for message in messages)
    asks = fields.get("asks_ack", "yes" if must_arrive or "ping" in fields else "no")
    flags = (1 if "ack" in fields else 0) | (2 if asks == "yes" or "credit" in fields else 0)
    flags |= int(fields.get("generation", "0")) << 2
    data = struct.pack("!BH", flags, int(fields["number"]) % 65536)
    if "ack" in fields:
        bitmap = bytes.fromhex(fields["ack"].get("bitmap", ""))
        delay = int(fields["ack"].get("delay_ms", "0"))
        largest = int(fields["ack"]["largest"]) % 65536
        data += struct.pack("!HBB", largest, delay, len(bitmap)) + bitmap
    data += b"\x80" if "ping" in fields else b""
    if "credit" in fields:
        data += struct.pack("!BI", 0x81, int(fields["credit"]))
    for index, message in enumerate(messages, 1):
        data += _encode_message(message, is_last=index == len(messages))
    return data


def _encode_message(message: Fields, *, is_last: bool) -> bytes:
    payload = content_of(message, "payload")
    channel, mode = int(message.get("channel", "0")), MODES.index(message["mode"])
    kind = mode << 5 | (_FRAGMENTED if "parts" in message else 0)
    kind |= (_CHANNEL if channel else 0) | (0 if is_last else _LENGTH)
    data = bytes([kind, channel] if channel else [kind])
    if "parts" in message or mode:
        data += struct.pack("!H", int(message["sequence"]) % 65536)
    if "parts" in message:
        data += struct.pack("!HH", int(message["part"]), int(message["parts"]))
    return data + (b"" if is_last else struct.pack("!H", len(payload))) + payload


def decode(payload: bytes) -> Fields:
    """Return what a payload holds.

    Raises:
        PayloadError: It is not of the form of SPEC.md 16.4.
    """
    try:
        return _decode(payload)
    except (struct.error, IndexError) as error:
        raise PayloadError(f"truncated: {payload.hex()}") from error


def _decode(payload: bytes) -> Fields:
    flags, number = struct.unpack_from("!BH", payload)
    fields: Fields = {"generation": str(flags >> 2), "number": str(number)}
    fields["asks_ack"] = "yes" if flags & 2 else "no"
    position = 3
    if flags & 1:
        largest, delay, size = struct.unpack_from("!HBB", payload, position)
        bitmap = payload[position + 4 : position + 4 + size]
        _require(len(bitmap) == size <= 32, payload)  # noqa: PLR2004 - MAX_ACK_BITMAP
        fields["ack"] = _ack(largest, delay, bitmap)
        position += 4 + size
    messages: list[Fields] = []
    while position < len(payload):
        kind = payload[position]
        if kind == 0x80:  # noqa: PLR2004 - PING
            fields["ping"] = "yes"
            position += 1
        elif kind == 0x81:  # noqa: PLR2004 - CREDIT
            fields["credit"] = str(struct.unpack_from("!I", payload, position + 1)[0])
            position += 5
        else:
            _require(kind < 0x80 and not kind & 3, payload)  # noqa: PLR2004 - reserved
            message, position = _decode_message(payload, position)
            messages.append(message)
    return fields | {"messages": messages}


def _decode_message(payload: bytes, position: int) -> tuple[Fields, int]:
    kind = payload[position]
    position += 1
    message: Fields = {"mode": MODES[kind >> 5], "channel": "0"}
    if kind & _CHANNEL:
        message["channel"] = str(payload[position])
        _require(payload[position] > 0, payload)
        position += 1
    if kind & _FRAGMENTED or kind >> 5:
        message["sequence"] = str(struct.unpack_from("!H", payload, position)[0])
        position += 2
    if kind & _FRAGMENTED:
        part, parts = struct.unpack_from("!HH", payload, position)
        _require(part < parts > 1, payload)
        message |= {"part": str(part), "parts": str(parts)}
        position += 4
    end = len(payload)
    if kind & _LENGTH:
        position += 2
        end = position + struct.unpack_from("!H", payload, position - 2)[0]
    _require(position + (1 if kind & _FRAGMENTED else 0) <= end <= len(payload), payload)
    return message | {"payload": payload[position:end].hex()}, end


def _ack(largest: int, delay: int, bitmap: bytes) -> Fields:
    bits = int.from_bytes(bitmap, "little") << 1 | 1
    ages = [age for age in range(bits.bit_length()) if bits >> age & 1]
    return {
        "largest": str(largest),
        "delay_ms": str(delay),
        "bitmap": bitmap.rstrip(b"\0").hex(),
        "arrived": [str((largest - age) % 65536) for age in ages],
    }


def _require(is_right: object, payload: bytes) -> None:
    if not is_right:
        raise PayloadError(f"not of the form of 16.4: {payload.hex()}")
