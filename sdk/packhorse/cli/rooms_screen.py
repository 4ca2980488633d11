"""How `packhorse rooms` looks."""

import statistics
import time
from typing import Any, Final, TypeAlias

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

Status: TypeAlias = dict[str, Any]
"""What the admin listener tells at /api/status."""

_MEBIBYTE: Final = 1 << 20
_KIBIBYTE: Final = 1 << 10
_LISTED: Final = 5  # reasons
_COLUMNS: Final = ("room", "members", "lost", "RTT", "datagrams/s", "KiB/s", "kind", "host")
_WORDS: Final = frozenset({"room", "kind", "host"})
_SPARED: Final = frozenset({"lost", "RTT", "datagrams/s", "KiB/s", "kind"})
_ALL_FROM: Final = 76  # columns; a narrower terminal shows no more than code, members and host


def status_view(status: Status, width: int) -> RenderableType:
    """Return the figures and a table of the rooms, for a terminal of `width` columns."""
    figures = (_heading(status), _places(status), _traffic(status), _process(status))
    lines = [_text(line) for line in figures]
    reasons = (_reasons("Dropped", status["drops"]), _connections(status))
    return Group(*lines, *(_text(each) for each in reasons if each), Text(), *_rooms(status, width))


def _heading(status: Status) -> str:
    up = max(0, round(time.time() - status["started_at"]))
    hours, minutes = divmod(up // 60, 60)
    listening = " and ".join(status["listening"])
    return f"Packhorse relay {status['version']}, up {hours} h {minutes} min, UDP {listening}"


def _places(status: Status) -> str:
    rooms = f"{status['rooms']} of {status['max_rooms']} rooms"
    return f"{rooms}, {status['members']} of {status['max_members']} members"


def _traffic(status: Status) -> str:
    forwarded, dropped = _latest(status, "forwarded"), _latest(status, "dropped")
    sent = f"{_latest(status, 'octets') / _KIBIBYTE:.1f} KiB/s"
    return f"{forwarded:.0f} datagrams/s forwarded, {sent}, {dropped:.0f}/s dropped"


def _process(status: Status) -> str:
    cpu, rss, lag = (_latest(status, name) for name in ("cpu", "rss", "lag"))
    rtt = status["samples"].get("rtt") or [None]
    shown = "" if rtt[-1] is None else f", RTT {rtt[-1] * 1000:.1f} ms"
    process = f"CPU {cpu:.1%}, {rss / _MEBIBYTE:.1f} MiB, event loop late by {lag * 1000:.1f} ms"
    return process + shown


def _reasons(what: str, counts: dict[str, int]) -> str:
    listed = ", ".join(f"{reason} {count}" for reason, count in list(counts.items())[:_LISTED])
    return f"{what} since the start: {listed}" if listed else ""


def _connections(status: Status) -> str:
    if status.get("websocket") is None:
        return ""
    ended = _reasons("refused or ended", status["connection_ends"])
    return f"{status['connections']} TCP connections{'; ' if ended else ''}{ended}"


def _rooms(status: Status, width: int) -> list[RenderableType]:
    if not status["room_list"]:
        return [Text("No rooms are open.")]
    shown = [title for title in _COLUMNS if width >= _ALL_FROM or title not in _SPARED]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in shown:
        justify: JustifyMethod = "left" if title in _WORDS else "right"
        table.add_column(title, justify=justify, overflow="fold", no_wrap=title == "room")
    for room in status["room_list"]:
        cells = dict(zip(_COLUMNS, _row(room), strict=True))
        table.add_row(*(_text(cells[title]) for title in shown))
    left_off = status["rooms_left_off"]
    return [table, _text(f"and {left_off} more")] if left_off else [table]


def _row(room: dict[str, Any]) -> tuple[str, ...]:
    members = room["members"]
    lost = sum(member["state"] == "lost" for member in members)
    rtts = [member["rtt"] for member in members if member["rtt"] is not None]
    rtt = f"{statistics.median(rtts) * 1000:.1f} ms" if rtts else "-"
    host = members[0]["address"] if members else ""
    return (
        room["code"] or room["label"],
        f"{room['count']} of {room['max']}",
        str(lost),
        rtt,
        f"{room.get('datagrams', 0):.0f}",
        f"{room.get('octets', 0) / _KIBIBYTE:.1f}",
        room["topology"],
        host,
    )


def _text(told: str) -> Text:
    """Return what a relay told, without what would move the cursor."""
    return Text("".join(c if c.isprintable() else "?" for c in told))


def _latest(status: Status, name: str) -> float:
    """Return the latest sample of a figure; 0 in a relay's first second."""
    samples = status["samples"].get(name) or [0.0]
    return float(samples[-1] or 0.0)
