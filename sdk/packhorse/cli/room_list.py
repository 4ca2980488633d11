"""The public rooms of a relay, for `packhorse rooms --relay R`."""

import argparse
import asyncio
import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from packhorse.aio.room_finder import list_rooms
from packhorse.cli.access_options import access_of, add_access_arguments
from packhorse.cli.options import add_timeout_argument, join_timeout, relay_address
from packhorse.cli.texts import Json, printable
from packhorse.wire.room_code import show_room_code
from packhorse.wire.room_list import ListedRoom


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--relay",
        required=True,
        type=relay_address,
        metavar="HOST[:PORT]",
        help="relay whose public rooms are listed",
    )
    add_access_arguments(parser)
    add_timeout_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")


def run(args: argparse.Namespace) -> int:
    """Print the public rooms; returns the exit code."""
    rooms = asyncio.run(list_rooms(args.relay, access=access_of(args), timeout=join_timeout(args)))
    if args.json:
        for room in rooms:
            print(json.dumps(fields(room)))
    elif rooms:
        Console().print(table(rooms))
    else:
        print(f"No public rooms on {args.relay}.")
    return 0


def fields(room: ListedRoom) -> dict[str, Json]:
    """Return a room as a JSON object; metadata that is no UTF-8 has escapes."""
    return {
        "event": "room",
        "code": show_room_code(room.code),
        "peers": room.peers,
        "max_peers": room.max_peers,
        "password": room.has_password,
        "approval": room.needs_approval,
        "locked": room.is_locked,
        "metadata": room.metadata.decode(errors="backslashreplace"),
    }


def table(rooms: list[ListedRoom]) -> Table:
    """Return the rooms as a table, with what strangers wrote made harmless."""
    made = Table("code", "peers", "needs", "about")
    for room in rooms:
        words = printable(room.metadata.decode(errors="backslashreplace"))
        places = f"{room.peers} of {room.max_peers}"
        made.add_row(show_room_code(room.code), places, _needs(room), Text(words))
    return made


def _needs(room: ListedRoom) -> str:
    if room.is_locked:
        return "locked"
    needs = [("a password", room.has_password), ("approval", room.needs_approval)]
    return ", ".join(name for name, is_needed in needs if is_needed)
