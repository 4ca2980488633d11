"""Tests of how `packhorse rooms` looks."""

import io
from typing import Any

import pytest
from rich.console import Console

from packhorse.cli.room_list import table
from packhorse.cli.rooms_screen import status_view
from packhorse.wire.room_code import RoomCode
from packhorse.wire.room_list import ListedRoom

MEMBER = {"peer": 1, "state": "present", "heard": 1.0, "rtt": 0.02, "address": "198.51.x.x"}
ROOM = {
    "label": "3f2a",
    "code": None,
    "topology": "mesh",
    "count": 2,
    "max": 64,
    "datagrams": 81.6,
    "octets": 2048,
    "members": [MEMBER, MEMBER | {"peer": 2, "state": "lost", "rtt": 0.04}],
}
STATUS: dict[str, Any] = {
    "version": "1.2.3",
    "started_at": 0.0,
    "listening": ["0.0.0.0:6969"],
    "rooms": 1,
    "max_rooms": 1000,
    "members": 2,
    "max_members": 4096,
    "drops": {"too_short": 5, "bad_mac": 1},
    "websocket": "wss",
    "connections": 7,
    "connection_ends": {"stalled": 3},
    "samples": {
        "octets": [1024.0, 3584.0],
        "forwarded": [1.0, 99.6],
        "dropped": [0.0],
        "cpu": [0.25],
        "rss": [32 << 20],
        "lag": [0.0015],
        "rtt": [0.03],
    },
    "room_list": [ROOM],
    "rooms_left_off": 0,
}

PUBLIC = ListedRoom(
    code=RoomCode("K7QM2XPA"),
    peers=3,
    max_peers=16,
    has_password=True,
    needs_approval=True,
    is_locked=False,
    metadata=b"Donaudampfschifffahrt for everybody",
)


def shown(status: dict[str, Any], width: int = 100) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(status_view(status, width))
    return stream.getvalue()


def test_view_sums_up_load_and_lists_rooms() -> None:
    text = shown(STATUS)

    assert "1 of 1000 rooms, 2 of 4096 members\n" in text
    assert "100 datagrams/s forwarded, 3.5 KiB/s" in text
    assert "CPU 25.0%, 32.0 MiB, event loop late by 1.5 ms, RTT 30.0 ms" in text
    assert "Dropped since the start: too_short 5, bad_mac 1" in text
    assert "7 TCP connections; refused or ended since the start: stalled 3" in text
    row = next(line for line in text.splitlines() if line.startswith("3f2a"))
    assert row.split() == [
        "3f2a",
        "2",
        "of",
        "64",
        "1",
        "30.0",
        "ms",
        "82",
        "2.0",
        "mesh",
        "198.51.x.x",
    ]


def test_view_shows_the_code_that_it_was_told() -> None:
    assert "K7QM-2XPA" in shown(STATUS | {"room_list": [ROOM | {"code": "K7QM-2XPA"}]})


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100])
def test_view_cuts_neither_code_nor_address_whatever_the_terminal_is(width: int) -> None:
    host = MEMBER | {"address": "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"}
    room = ROOM | {"code": "K7QM-2XPA", "members": [host]}

    text = shown(STATUS | {"room_list": [room], "rooms_left_off": 7}, width)

    assert max(map(len, text.splitlines())) <= width
    assert "K7QM-2XPA " in text
    table = text[text.index("K7QM-2XPA") :]
    address = "".join(line[table.index("[") :].strip() for line in table.splitlines()[:-1])
    assert address == host["address"]
    assert "and 7 more" in text


def test_view_of_an_empty_relay_says_so() -> None:
    samples: dict[str, list[float]] = {name: [] for name in STATUS["samples"]}

    text = shown(STATUS | {"room_list": [], "rooms": 0, "drops": {}, "samples": samples})

    assert "No rooms are open." in text
    assert "Dropped since" not in text


def test_view_counts_the_rooms_that_are_left_off() -> None:
    assert "and 7 more" in shown(STATUS | {"rooms_left_off": 7})


@pytest.mark.parametrize("name", ["\x1b[2J", "[bold]x[/bold]", "[/]"])
def test_hostile_answer_cannot_move_the_cursor_or_become_markup(name: str) -> None:
    """Attack 25, from a relay that is not what it seems."""
    text = shown(STATUS | {"room_list": [ROOM | {"code": name}]})

    assert "\x1b" not in text
    assert name.replace("\x1b", "?") in text


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_list_of_public_rooms_cuts_no_code_and_no_word(width: int) -> None:
    stream = io.StringIO()

    Console(file=stream, width=width).print(table([PUBLIC]))

    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    cells = [line.split("│")[1:-1] for line in lines if line.startswith("│")]
    code, peers, needs, about = (
        "".join("".join(parts).split()) for parts in zip(*cells, strict=True)
    )
    assert "K7QM-2XPA" in {row[0].strip() for row in cells}
    assert (code, peers) == ("K7QM-2XPA", "3of16")
    assert needs == "apassword,approval"
    assert about == "Donaudampfschifffahrtforeverybody"
