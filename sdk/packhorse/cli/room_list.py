"""The public rooms of a relay, for `packhorse rooms --relay R`."""

import argparse
import asyncio
import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from packhorse.aio.room_finder import list_rooms
from packhorse.cli.access_options import access_of
from packhorse.cli.options import join_timeout, transport_to
from packhorse.cli.output import table_console
from packhorse.cli.texts import Json, printable
from packhorse.wire.room_code import show_room_code
from packhorse.wire.room_list import ListedRoom


def print_rooms(args: argparse.Namespace) -> int:
    """Print the public rooms; returns the exit code.

    Raises:
        PackhorseError: The relay cannot be asked.
    """
    listing = list_rooms(
        args.relay,
        access=access_of(args),
        timeout=join_timeout(args),
        transport=transport_to(args.relay, args),
    )
    with Console(stderr=True).status(f"Asking {args.relay} ..."):
        rooms = asyncio.run(listing)
    if args.json:
        for room in rooms:
            print(json.dumps(fields(room)))
    elif rooms:
        table_console().print(table(rooms))
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
    made = Table()
    for title in ("code", "peers", "needs", "about"):
        made.add_column(title, overflow="fold", no_wrap=title == "code")
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
