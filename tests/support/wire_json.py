"""Decode and encode vectors with packhorse.wire: bytes to what the files hold, and back."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from packhorse.wire import (
    address,
    binding,
    candidates,
    cookie,
    ctrl,
    header,
    legacy,
    msgpack_profile,
    room_code,
    seal,
)
from packhorse.wire.constants import CandidateKind, DropReason, FirstByte, Kind
from packhorse.wire.errors import ConfigurationError, ParseError
from packhorse.wire.fields import Field, FieldType, Sender
from packhorse.wire.messages import MESSAGE_CLASSES, Bind, Grant, Message
from tests.support.admission_json import (
    decode_proof,
    decode_room_list,
    decode_ticket,
    encode_room_list,
    encode_ticket,
)
from tests.support.frame_json import decode_frames_json, encode_frames_json
from tests.support.vectors import JsonObject, Vector


class Codec(NamedTuple):
    """How a topic is decoded, and encoded where that has a meaning."""

    decode: Callable[[Vector], JsonObject]
    encode: Callable[[Vector, JsonObject], bytes] | None = None


def message_to_json(message: Message) -> JsonObject:
    """Return a message as vectors write it."""
    held = {field.name: getattr(message, field.name) for field in message.FIELDS}
    fields = {name: _to_json(value) for name, value in held.items() if value is not None}
    return {"type": message.TYPE.name, **fields}


def message_from_json(content: JsonObject) -> Message:
    """Return the message that a vector describes."""
    (found,) = (cls for cls in MESSAGE_CLASSES.values() if cls.TYPE.name == content["type"])
    values = {
        field.name: _from_json(field, content[field.name])
        for field in found.FIELDS
        if field.name in content
    }
    return found(**values)


def _to_json(value: object) -> object:
    match value:
        case bool() | str():
            return value
        case int():
            return str(int(value))
        case bytes():
            return value.hex()
        case tuple():
            return [_to_json(item) for item in value]
        case _:
            raise TypeError(value)


def _from_json(field: Field, value: Any) -> Any:
    match field.type:
        case FieldType.UINT:
            return int(value)
        case FieldType.BYTES:
            return bytes.fromhex(value)
        case FieldType.RECORDS:
            return tuple(tuple(int(item) for item in record) for record in value)
        case FieldType.BOOL | FieldType.STR:
            return value


def value_to_json(value: msgpack_profile.Value) -> JsonObject:
    """Return a value of the msgpack profile with its type."""
    match value:
        case None:
            return {"nil": True}
        case bool():
            return {"bool": value}
        case list():
            return {"array": [value_to_json(item) for item in value]}
        case dict():
            return {"map": [[str(key), value_to_json(item)] for key, item in value.items()]}
        case int() | str() | bytes():
            name = {int: "int", str: "str", bytes: "bin"}[type(value)]
            return {name: _to_json(value)}


def value_from_json(content: JsonObject) -> msgpack_profile.Value:
    """Return the value that a vector describes."""
    ((name, held),) = content.items()
    if name == "array":
        return [value_from_json(item) for item in held]
    if name == "map":
        return {int(key): value_from_json(item) for key, item in held}
    scalars: dict[str, Callable[[Any], msgpack_profile.Value]] = {
        "nil": lambda _: None,
        "bool": bool,
        "int": int,
        "str": str,
        "bin": bytes.fromhex,
    }
    return scalars[name](held)


def _decode_header(vector: Vector) -> JsonObject:
    decoded = header.decode_header(vector.data)
    content = {
        "kind": decoded.kind.name,
        "tag": str(decoded.tag),
        "word": str(decoded.word),
        "payload": vector.data[6:].hex(),
    }
    if decoded.kind not in {Kind.DATA, Kind.FRAME}:
        return content
    destination, source = str(decoded.destination), str(decoded.source)
    names = {"destination": destination, "source": source, "fanout": decoded.is_fanout}
    return {**content, **names}


def _encode_header(_vector: Vector, content: JsonObject) -> bytes:
    first, tag = FirstByte[content["kind"]], int(content["tag"])
    by_word = header.encode_header(first, tag, int(content["word"]))
    if "destination" in content:
        assert header.encode_destination(first, tag, int(content["destination"])) == by_word
    return by_word + bytes.fromhex(content["payload"])


def _decode_ctrl(vector: Vector) -> JsonObject:
    decoded = header.decode_header(vector.data)
    assert decoded.kind is Kind.CTRL
    sender: Any = Sender(vector.given["sender"])
    message = ctrl.decode_ctrl(vector.data, sender)
    return {"transaction": str(decoded.word), "message": message_to_json(message)}


def _encode_ctrl(_vector: Vector, content: JsonObject) -> bytes:
    return ctrl.encode_ctrl(message_from_json(content["message"]), int(content["transaction"]))


def _sender_key(vector: Vector) -> bytes:
    key = bytes.fromhex(vector.given["session_key"])
    if vector.given["sender"] == "peer":
        return seal.derive_direct_key(key[:16], key[16:])
    keys = seal.derive_keys(key)
    is_member = vector.given["sender"] == "member"
    return keys.member_to_relay if is_member else keys.relay_to_member


def _decode_seal(vector: Vector) -> JsonObject:
    decoded = header.decode_header(vector.data)
    assert decoded.kind is Kind.SEAL
    if len(vector.data) > 22 and decoded.word != int(vector.given["session"]):
        raise ParseError(DropReason.UNKNOWN_SESSION)
    sender: Any = Sender(vector.given["sender"])
    message = seal.decode_seal(vector.data, _sender_key(vector), sender)
    names = {"session": str(decoded.word), "tag": str(decoded.tag)}
    return {**names, "message": message_to_json(message)}


def _encode_seal(vector: Vector, content: JsonObject) -> bytes:
    message: Any = message_from_json(content["message"])
    session, tag = int(content["session"]), int(content["tag"])
    return seal.encode_seal(message, session, tag, _sender_key(vector))


def _decode_keys(vector: Vector) -> JsonObject:
    keys = seal.derive_keys(vector.data)._asdict()
    direct = seal.derive_direct_key(vector.data[:16], vector.data[16:])
    return {name: key.hex() for name, key in {**keys, "member_to_member": direct}.items()}


def _decode_binding(vector: Vector) -> JsonObject:
    """Check the proof of BIND, or of GRANT with the key that it leads to."""
    session_key = bytes.fromhex(vector.given["session_key"])
    sender: Any = Sender(vector.given["sender"])
    message = ctrl.decode_ctrl(vector.data, sender)
    if isinstance(message, Bind):
        if not binding.is_valid_bind(message, session_key):
            raise ParseError(DropReason.BAD_MAC)
        return {"proof": binding.bind_proof(session_key, message).hex()}
    assert isinstance(message, Grant)
    nonce = bytes.fromhex(vector.given["nonce"])
    epoch = binding.epoch_key(session_key, nonce, message.key)
    if not binding.is_valid_grant(message, epoch):
        raise ParseError(DropReason.BAD_MAC)
    return {"epoch_key": epoch.hex()}


def _decode_replay(vector: Vector) -> JsonObject:
    window = seal.ReplayWindow()
    for number in map(int, vector.given["offered"]):
        if window.accepts(number):
            window.mark(number)
    seq = int.from_bytes(vector.data, "big")
    if not window.accepts(seq):
        raise ParseError(DropReason.REPLAYED)
    return {"seq": str(seq)}


class _CookieInput(NamedTuple):
    secret: bytes
    source: address.TransportAddress
    nonce: bytes
    offer: cookie.Offer


def _cookie_input(given: JsonObject) -> _CookieInput:
    return _CookieInput(
        bytes.fromhex(given["secret"]),
        address.decode_address(bytes.fromhex(given["address"])),
        bytes.fromhex(given["nonce"]),
        cookie.Offer(*(int(given[name]) for name in cookie.Offer._fields)),
    )


def _decode_cookie(vector: Vector) -> JsonObject:
    made_of = _cookie_input(vector.given)
    if not cookie.is_valid_cookie(vector.data, *made_of, now=float(vector.given["now"])):
        raise ParseError(DropReason.COOKIE_INVALID)
    return {"time": str(int.from_bytes(vector.data[:4], "big"))}


def _encode_cookie(vector: Vector, content: JsonObject) -> bytes:
    return cookie.make_cookie(*_cookie_input(vector.given), now=float(content["time"]))


def _decode_room_code(vector: Vector) -> JsonObject:
    code = room_code.parse_room_code(vector.given["text"])
    return {"code": code, "shown": room_code.show_room_code(code)}


def _encode_room_code(vector: Vector, content: JsonObject) -> bytes:
    assert room_code.encode_room_code(vector.data) == content["code"]
    return vector.data


def _decode_address(vector: Vector) -> JsonObject:
    decoded = address.decode_address(vector.data)
    return {"host": decoded.host, "port": str(decoded.port)}


def _encode_address(_vector: Vector, content: JsonObject) -> bytes:
    named = address.TransportAddress(content["host"], int(content["port"]))
    return address.encode_address(named)


def _decode_candidates(vector: Vector) -> JsonObject:
    found = candidates.decode_candidates(vector.data)
    return {
        "candidates": [
            {"kind": kind.name, "host": named.host, "port": str(named.port)}
            for kind, named in found
        ]
    }


def _encode_candidates(_vector: Vector, content: JsonObject) -> bytes:
    listed = [
        candidates.Candidate(
            CandidateKind[each["kind"]], address.TransportAddress(each["host"], int(each["port"]))
        )
        for each in content["candidates"]
    ]
    return candidates.encode_candidates(listed)


def _decode_legacy(vector: Vector) -> JsonObject:
    decoded = legacy.decode_legacy(vector.data)
    return {"peer": str(decoded.peer), "payload": decoded.payload.hex()}


def _encode_legacy(_vector: Vector, content: JsonObject) -> bytes:
    return legacy.encode_legacy(int(content["peer"]), bytes.fromhex(content["payload"]))


CODECS: Final[dict[str, Codec]] = {
    "header": Codec(_decode_header, _encode_header),
    "msgpack": Codec(
        lambda vector: value_to_json(msgpack_profile.decode_value(vector.data)),
        lambda _, content: msgpack_profile.encode_value(value_from_json(content)),
    ),
    "ctrl": Codec(_decode_ctrl, _encode_ctrl),
    "keys": Codec(_decode_keys),
    "binding": Codec(_decode_binding),
    "seal": Codec(_decode_seal, _encode_seal),
    "replay": Codec(_decode_replay),
    "cookie": Codec(_decode_cookie, _encode_cookie),
    "room_code": Codec(_decode_room_code, _encode_room_code),
    "address": Codec(_decode_address, _encode_address),
    "candidates": Codec(_decode_candidates, _encode_candidates),
    "legacy": Codec(_decode_legacy, _encode_legacy),
    "ticket": Codec(decode_ticket, encode_ticket),
    "proof": Codec(decode_proof),
    "room_list": Codec(decode_room_list, encode_room_list),
    "frames": Codec(
        lambda vector: decode_frames_json(vector.data),
        lambda _, content: encode_frames_json(content),
    ),
}


def drop_of(vector: Vector) -> str | None:
    """Return why decoding refuses the bytes, or None when it does not."""
    try:
        CODECS[vector.topic].decode(vector)
    except ParseError as error:
        return error.reason.value
    except ConfigurationError:
        return "no_room_code"
    return None
