"""Read protocol_spec/vectors; the format is in the README there."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

FOLDER: Final = Path(__file__).parents[2] / "protocol_spec" / "vectors"
SCHEMA: Final = "1"
CASE_MEMBERS: Final = {"id", "comment", "flags", "input", "bytes", "result"}
JsonObject = dict[str, Any]


class VectorFormatError(Exception):
    """A file of the vectors is not as the README says."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One line of the manifest."""

    file: str
    topic: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One case; `decoded` is None exactly when it is invalid."""

    topic: str
    id: str
    comment: str
    flags: tuple[str, ...]
    given: JsonObject
    data: bytes
    decoded: JsonObject | None
    encoded: bytes
    """What encoding `decoded` gives; of no meaning when the case is invalid."""
    drop: str | None

    @property
    def name(self) -> str:
        """Topic and id: unique among all vectors."""
        return f"{self.topic}-{self.id}"


@cache
def manifest() -> tuple[ManifestEntry, ...]:
    """Return the lines of the manifest."""
    content = read_json(FOLDER / "manifest.json")
    check_schema(content)
    return tuple(
        ManifestEntry(entry["file"], entry["topic"], int(entry["count"]))
        for entry in content["files"]
    )


@cache
def load(topic: str) -> tuple[Vector, ...]:
    """Return the cases of a topic of the manifest.

    Raises:
        VectorFormatError: The file is not as the README says, or of another count.
    """
    (entry,) = (entry for entry in manifest() if entry.topic == topic)
    content = read_json(FOLDER / entry.file)
    check_schema(content)
    cases = content["cases"]
    if not len(cases) == entry.count == int(content["count"]) or content["topic"] != topic:
        raise VectorFormatError(f"{entry.file}: topic or count differs from the manifest")
    vectors = tuple(parse_case(topic, case, set(content["flags"])) for case in cases)
    if len({vector.id for vector in vectors}) != len(vectors):
        raise VectorFormatError(f"{entry.file}: an id occurs twice")
    return vectors


def all_vectors() -> list[Vector]:
    """Return the cases of every topic in the manifest."""
    return [vector for entry in manifest() for vector in load(entry.topic)]


def parse_case(topic: str, case: JsonObject, known_flags: set[str]) -> Vector:
    """Return one case.

    Raises:
        VectorFormatError: A member is missing, unknown or of no meaning here.
    """
    is_valid = case["result"] == "valid"
    members = CASE_MEMBERS | ({"decoded", "reencoded"} if is_valid else {"drop"})
    if not members >= set(case) or case["result"] not in {"valid", "invalid"}:
        raise VectorFormatError(f"{topic}-{case['id']}: unknown member or result")
    if not known_flags >= set(case.get("flags", [])) or case["bytes"] != case["bytes"].lower():
        raise VectorFormatError(f"{topic}-{case['id']}: unknown flag or upper-case bytes")
    return Vector(
        topic=topic,
        id=case["id"],
        comment=case["comment"],
        flags=tuple(case.get("flags", [])),
        given=case.get("input", {}),
        data=bytes.fromhex(case["bytes"]),
        decoded=case["decoded"] if is_valid else None,
        encoded=bytes.fromhex(case.get("reencoded") or case["bytes"]),
        drop=None if is_valid else case["drop"],
    )


def read_json(path: Path) -> JsonObject:
    """Return the object in a file; a number in it is refused.

    Raises:
        VectorFormatError: A number is not written as a string.
    """
    text = path.read_text("utf-8")
    content = json.loads(text, parse_int=_refuse, parse_float=_refuse, parse_constant=_refuse)
    return cast("JsonObject", content)


def check_schema(content: JsonObject) -> None:
    """See that the file is of the form and the wire version that are read here.

    Raises:
        VectorFormatError: It is not.
    """
    if (content["schema"], content["wire_version"]) != (SCHEMA, "1"):
        raise VectorFormatError("another schema or wire version")


def _refuse(number: str) -> None:
    raise VectorFormatError(f"{number} is not written as a string")
