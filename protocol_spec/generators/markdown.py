"""Fill the generated tables of SPEC.md."""

import re
from typing import Any

from protocol_spec.generators.model import Protocol, message_fields

_BLOCK = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def fill_tables(text: str, protocol: Protocol) -> str:
    """Replace what stands between the markers of each generated block.

    Raises:
        KeyError: The text asks for a table that does not exist.
    """
    tables = {
        "kinds": _kinds(protocol),
        "messages": _messages(protocol),
        "fields": _fields(protocol),
        "states": _states(protocol),
        "errors": _table(
            ["code", "name", "meaning", "advice"],
            [[e["code"], e["name"], e["sentence"], e["advice"]] for e in protocol["errors"]],
        ),
        "drops": _named(protocol["drop_reasons"]),
        "constants": _numbers(protocol["constants"]),
        "timers": _numbers([{**row, "unit": "s"} for row in protocol["timers"]]),
        "limits": _numbers(protocol["limits"]),
        "delivery": _numbers(protocol["delivery"]),
        "direct": _numbers(protocol["direct"]),
        "more-sockets": _numbers(protocol["more_sockets"]),
        "candidate-kinds": _valued(protocol["candidate_kinds"]),
        "birthday-parts": _valued(protocol["birthday_parts"]),
        "modes": _valued(protocol["modes"]),
        "legacy": _numbers(protocol["legacy"]),
        "topologies": _valued(protocol["topologies"]),
        "room-events": _valued(protocol["room_events"]),
        "peer-states": _valued(protocol["peer_states"]),
        "requirements": _table(
            ["id", "requirement"], [[key, text] for key, text in protocol["requirements"].items()]
        ),
    }

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- generated: {name} -->\n{tables[name]}\n<!-- end -->"

    return _BLOCK.sub(replace, text)


def _table(columns: list[str], rows: list[list[Any]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _kinds(protocol: Protocol) -> str:
    header = protocol["header"]
    first = header["mark"] << 4 | protocol["wire_version"] << 2
    rows = [
        [kind["name"], f"{kind['value']:02b}", f"`{first | kind['value']:02x}`", kind["doc"]]
        for kind in header["kinds"]
    ]
    return _table(["kind", "kk", "first byte", "carries"], rows)


def _messages(protocol: Protocol) -> str:
    rows = [
        [m["type"], m["name"], m["carrier"], m.get("role", m["sender"]), m["doc"]]
        for m in protocol["messages"]
    ]
    return _table(["type", "message", "carrier", "sent by", "meaning"], rows)


def _fields(protocol: Protocol) -> str:
    messages = protocol["messages"]
    shared = _shared_fields(messages)
    rows = [[f"every {carrier}", *_field(field)] for carrier, field in shared]
    for message in messages:
        fields = [f for f in message_fields(message) if (message["carrier"], f) not in shared]
        cells = [_field(field) for field in fields] or [["", "", "", "no further fields"]]
        names = [f"**{message['name']}**", *[""] * (len(cells) - 1)]
        rows += [[name, *row] for name, row in zip(names, cells, strict=True)]
    return _table(["message", "key", "field", "type", "meaning"], rows)


def _shared_fields(messages: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return (carrier, field) of the fields that all messages of a carrier have alike."""
    shared = []
    for carrier in dict.fromkeys(message["carrier"] for message in messages):
        first, *others = (m["fields"] for m in messages if m["carrier"] == carrier)
        shared += [(carrier, f) for f in first if all(f in fields for fields in others)]
    return shared


def _field(field: dict[str, Any]) -> list[Any]:
    return [field["key"], _name(field), _type(field), field["doc"]]


def _name(field: dict[str, Any]) -> str:
    return f"`{field['name']}`" + (", optional" if field.get("optional") else "")


def _type(field: dict[str, Any]) -> str:
    kind = field["type"]
    if kind == "uint":
        return f"uint {field.get('min', 0)}..{_bound(field['max'])}"
    if "sizes" in field:
        return f"{kind}, {' or '.join(str(size) for size in field['sizes'])}"
    if kind == "records":
        return f"array of 0..{field['max']} records [{', '.join(field['of'])}]"
    return f"{kind}, 0..{field['max']}" if "max" in field else str(kind)


def _bound(maximum: int) -> str:
    powers = {2**31 - 1: "2^31-1", 2**32 - 1: "2^32-1"}
    return powers.get(maximum, str(maximum))


def _states(protocol: Protocol) -> str:
    states = _named(protocol["member_states"])
    edges = [
        f"    {start} --> {end}: {cause}" for start, cause, end in protocol["member_transitions"]
    ]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> GREETING", *edges, "```"])
    return f"{states}\n\n{diagram}"


def _named(rows: list[dict[str, Any]]) -> str:
    return _table(["name", "meaning"], [[f"`{row['name']}`", row["doc"]] for row in rows])


def _valued(rows: list[dict[str, Any]]) -> str:
    return _table(
        ["value", "name", "meaning"], [[row["value"], row["name"], row["doc"]] for row in rows]
    )


def _numbers(rows: list[dict[str, Any]]) -> str:
    return _table(
        ["name", "value", "unit", "meaning"],
        [[row["name"], row["value"], row["unit"], row["doc"]] for row in rows],
    )
