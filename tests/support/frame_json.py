"""FRAME payloads with packhorse.wire: bytes to what the vectors hold, and back."""

from packhorse.wire.constants import Mode
from packhorse.wire.frames import (
    PING_FRAME,
    Ack,
    MessageFrame,
    decode_frames,
    encode_credit,
    encode_message_head,
    encode_prefix,
    with_length,
)
from tests.support.vectors import JsonObject


def decode_frames_json(payload: bytes) -> JsonObject:
    """Return the payload of a FRAME datagram as vectors write it."""
    decoded = decode_frames(payload)
    messages = [_message_to_json(message) for message in decoded.messages]
    content: JsonObject = {
        "number": str(decoded.number),
        "asks_ack": decoded.asks_ack,
        "messages": messages,
    }
    if decoded.generation:
        content["generation"] = str(decoded.generation)
    if decoded.has_ping:
        content["ping"] = True
    if decoded.ack is not None:
        content["ack"] = _ack_to_json(decoded.ack)
    if decoded.credit is not None:
        content["credit"] = str(decoded.credit)
    return content


def encode_frames_json(content: JsonObject) -> bytes:
    """Return the one encoding: number, acknowledgement, PING, CREDIT, then the messages."""
    ack = _ack_from_json(content["ack"]) if "ack" in content else None
    data = encode_prefix(
        int(content["number"]),
        ack,
        asks_ack=content["asks_ack"],
        generation=int(content.get("generation", "0")),
    )
    if content.get("ping", False):
        data += PING_FRAME
    if "credit" in content:
        data += encode_credit(int(content["credit"]))
    messages = [_message_from_json(message) for message in content["messages"]]
    for message in messages[:-1]:
        head = encode_message_head(message)
        data += with_length(head, len(message.payload)) + message.payload
    return data + b"".join(encode_message_head(last) + last.payload for last in messages[-1:])


def _ack_to_json(ack: Ack) -> JsonObject:
    size = (ack.bitmap.bit_length() + 7) // 8
    bitmap = ack.bitmap.to_bytes(size, "little").hex()
    delay = str(round(ack.delay * 1000))
    return {"largest": str(ack.largest), "delay_ms": delay, "bitmap": bitmap}


def _ack_from_json(content: JsonObject) -> Ack:
    bitmap = int.from_bytes(bytes.fromhex(content["bitmap"]), "little")
    return Ack(int(content["largest"]), int(content["delay_ms"]) / 1000, bitmap)


def _message_to_json(message: MessageFrame) -> JsonObject:
    content: JsonObject = {"mode": message.mode.name, "channel": str(message.channel)}
    if message.parts > 1 or message.mode is not Mode.UNRELIABLE:
        content["sequence"] = str(message.sequence)
    if message.parts > 1:
        content |= {"part": str(message.part), "parts": str(message.parts)}
    return {**content, "payload": message.payload.hex()}


def _message_from_json(content: JsonObject) -> MessageFrame:
    return MessageFrame(
        mode=Mode[content["mode"]],
        channel=int(content["channel"]),
        sequence=int(content.get("sequence", "0")),
        part=int(content.get("part", "0")),
        parts=int(content.get("parts", "1")),
        payload=bytes.fromhex(content["payload"]),
    )
