"""What all topics are built from: cases, bytes written by hand, messages by protocol.yaml.

Nothing here uses packhorse.wire: messages are packed by the msgpack library with the keys
that protocol.yaml gives, MACs are made by the standard library.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import msgpack
import yaml

ROOT: Final = Path(__file__).parents[3]
Json: TypeAlias = str | bool | list["Json"] | dict[str, "Json"] | None
Values: TypeAlias = Mapping[str, object]
"""Fields of a message by name: int, bool, bytes, str or lists of lists of int."""

FLAGS: Final[dict[str, dict[str, str]]] = {
    "attack": {
        "tests": "what an attacker sends to use up memory, stack or time",
        "spec": "section 3",
        "risk": "denial of service",
    },
    "boundary": {
        "tests": "the last value that is allowed, or the first that is not",
        "spec": "section 4",
        "risk": "limits that differ by one between two implementations",
    },
    "canonical": {
        "tests": "a second encoding of a value that has one already",
        "spec": "section 3",
        "risk": "two receivers read one datagram differently",
    },
    "extension": {
        "tests": "keys and bits that this revision does not know",
        "spec": "section 9",
        "risk": "implementations that refuse what a later revision adds",
    },
    "forgery": {
        "tests": "what somebody without the key sends, or sends again",
        "spec": "section 6",
        "risk": "a stranger acts in another's name",
    },
    "independent": {
        "tests": "bytes worked out by hand; the working is in the comment",
        "spec": "section 15",
        "risk": "an error that generator and implementation share",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One vector; `decoded` for a valid one, `drop` for an invalid one."""

    id: str
    comment: str
    data: bytes
    decoded: dict[str, Json] | None = None
    drop: str | None = None
    given: dict[str, Json] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reencoded: bytes | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the case as it stands in the file."""
        case: dict[str, Json] = {"id": self.id, "comment": self.comment}
        if self.flags:
            case["flags"] = list(self.flags)
        if self.given:
            case["input"] = self.given
        case["bytes"] = self.data.hex()
        if self.drop is not None:
            return {**case, "result": "invalid", "drop": self.drop}
        case |= {"result": "valid", "decoded": self.decoded}
        if self.reencoded is not None:
            case["reencoded"] = self.reencoded.hex()
        return case


def unhex(text: str) -> bytes:
    """Return bytes written by hand; spaces are free."""
    return bytes.fromhex(text)


def u32(number: int) -> bytes:
    """Return four bytes, big-endian."""
    return number.to_bytes(4, "big")


def sha256_mac(key: bytes, *parts: bytes) -> bytes:
    """Return the first 16 bytes of HMAC-SHA256."""
    return hmac.new(key, b"".join(parts), "sha256").digest()[:16]


def pack(value: object) -> bytes:
    """Pack with the msgpack library, which knows nothing of the profile."""
    return msgpack.packb(value, use_bin_type=True)


@cache
def protocol() -> dict[str, Any]:
    """Return protocol.yaml."""
    text = (ROOT / "protocol_spec" / "protocol.yaml").read_text("utf-8")
    return cast("dict[str, Any]", yaml.safe_load(text))


@cache
def messages() -> dict[str, dict[str, Any]]:
    """Return the descriptions of the messages by name."""
    return {message["name"]: message for message in protocol()["messages"]}


def body(name: str, values: Values, extra: Mapping[int, object] | None = None) -> bytes:
    """Return the body of a message with these fields, whatever they hold."""
    description = messages()[name]
    entries: dict[int, object] = {0: description["type"], **(extra or {})}
    for part in description["fields"]:
        if part["name"] in values:
            entries[part["key"]] = values[part["name"]]
    return pack(dict(sorted(entries.items())))


def as_decoded(name: str, values: Values) -> dict[str, Json]:
    """Return the message as vectors write it."""
    names = [part["name"] for part in messages()[name]["fields"]]
    known = {part: _plain(values[part]) for part in names if part in values}
    return {"type": name, **known}


def _plain(value: object) -> Json:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    assert isinstance(value, Sequence)
    return [_plain(item) for item in value]


def check_ids(cases: Iterable[Case]) -> list[Case]:
    """Return the cases; no id may occur twice, no comment may be missing."""
    listed = list(cases)
    seen: set[str] = set()
    for case in listed:
        if case.id in seen or not case.comment or (case.decoded is None) == (case.drop is None):
            raise ValueError(f"case {case.id} is there twice or not complete")
        seen.add(case.id)
    return listed
