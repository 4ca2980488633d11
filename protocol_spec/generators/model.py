"""Load protocol.yaml, check it against its schema, and hand it out."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import yaml

SPEC_FOLDER = Path(__file__).resolve().parent.parent

Protocol = dict[str, Any]


def load_protocol() -> Protocol:
    """Read protocol.yaml.

    Raises:
        jsonschema.ValidationError: The file does not fit protocol.schema.json.
        ValueError: A number or name is used twice.
    """
    protocol: Protocol = yaml.safe_load((SPEC_FOLDER / "protocol.yaml").read_text("utf-8"))
    schema = json.loads((SPEC_FOLDER / "protocol.schema.json").read_text("utf-8"))
    jsonschema.validate(protocol, schema)
    _check_unique(protocol)
    return protocol


def message_fields(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of a message in ascending key order."""
    return sorted(message["fields"], key=lambda field: int(field["key"]))


def numbers(protocol: Protocol) -> list[tuple[str, int | float, str, str]]:
    """Return (name, value, unit, meaning) of every named number."""
    rows = [
        (row["name"], row["value"], row["unit"], row["doc"])
        for group in ("constants", "delivery", "direct", "more_sockets", "limits", "legacy")
        for row in protocol[group]
    ]
    rows += [(row["name"], row["value"], "seconds", row["doc"]) for row in protocol["timers"]]
    return rows


def _check_unique(protocol: Protocol) -> None:
    _refuse_duplicates("message types", [m["type"] for m in protocol["messages"]])
    _refuse_duplicates("message names", [m["name"] for m in protocol["messages"]])
    _refuse_duplicates("error codes", [e["code"] for e in protocol["errors"]])
    _refuse_duplicates("error names", [e["name"] for e in protocol["errors"]])
    _refuse_duplicates("drop reasons", [d["name"] for d in protocol["drop_reasons"]])
    _refuse_duplicates("numbers", [row[0] for row in numbers(protocol)])
    for message in protocol["messages"]:
        _refuse_duplicates(f"keys of {message['name']}", [f["key"] for f in message["fields"]])


def _refuse_duplicates(what: str, values: list[Any]) -> None:
    duplicates = sorted({value for value in values if values.count(value) > 1})
    if duplicates:
        msg = f"protocol.yaml: {what} used twice: {duplicates}"
        raise ValueError(msg)
