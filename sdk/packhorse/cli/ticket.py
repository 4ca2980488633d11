"""`packhorse ticket`: make an operator's key, and tickets signed with it."""

import argparse
import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import Final

from packhorse.aio.secret_files import read_key
from packhorse.cli import options
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.ticket import (
    KEY_SIZE,
    MAX_APP,
    TICKET_ID_SIZE,
    Permission,
    Ticket,
    parse_key,
    show_secret,
    sign_ticket,
)

_UNITS: Final = {"h": 3600, "d": 86_400, "w": 604_800}  # seconds
_DEFAULT_LIFETIME: Final = "30d"
_PERMISSIONS: Final = {
    "create": Permission.CREATE,
    "join": Permission.JOIN,
    "both": Permission.CREATE | Permission.JOIN,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--new-key", metavar="FILE", help="write a new key, readable by you alone")
    what.add_argument("--key", metavar="FILE", help="key that the relay was given too")
    parser.add_argument(
        "--allow",
        choices=_PERMISSIONS,
        default="both",
        help="what the ticket is good for (default: %(default)s)",
    )
    parser.add_argument(
        "--expires",
        type=lifetime,
        default=_DEFAULT_LIFETIME,
        metavar="TIME",
        help="how long it is good: 12h, 30d, 4w (default: %(default)s)",
    )
    parser.add_argument(
        "--app", type=_app, default="", metavar="NAME", help="application that it is for"
    )
    parser.add_argument(
        "--max-peers",
        type=options.peer_count,
        default=0,
        metavar="N",
        help="largest room that it may create, host included",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Write a key, or print a ticket; returns the exit code.

    Raises:
        ConfigurationError: The key file is there already, or cannot be written or read,
            or everybody on this machine may use it.
    """
    if args.new_key is not None:
        write_key(args.new_key)
        written = json.dumps({"event": "key", "file": args.new_key})
        print(written if args.json else f"Wrote a new key to {args.new_key}: keep it secret.")
        return 0
    ticket = Ticket(
        id=secrets.token_bytes(TICKET_ID_SIZE),
        permissions=_PERMISSIONS[args.allow],
        expires_at=int(time.time()) + args.expires,
        app=args.app,
        max_peers=args.max_peers,
    )
    text = show_secret(sign_ticket(ticket, parse_key(read_key(args.key, "key"))))
    print(_as_json(text, ticket) if args.json else text)
    return 0


def write_key(path: str) -> None:
    """Write a new key to a file that must not exist yet, with the rights 0600.

    Raises:
        ConfigurationError: It exists, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path} cannot be written: {error.strerror}",
            "name a file that does not exist yet, in a folder that you may write to",
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(show_secret(secrets.token_bytes(KEY_SIZE)) + "\n")
    Path(path).chmod(0o600)  # whatever the umask left out


def lifetime(text: str) -> int:
    """Parse a time such as 12h, 30d or 4w for argparse; returns seconds."""
    found = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 12h, 30d or 4w")
    return int(found[1]) * _UNITS[found[2]]


def _app(text: str) -> str:
    if len(text.encode()) > MAX_APP:
        raise argparse.ArgumentTypeError(f"{text!r} is longer than {MAX_APP} bytes")
    return text


def _as_json(text: str, ticket: Ticket) -> str:
    allowed = [name for name in ("create", "join") if _PERMISSIONS[name] in ticket.permissions]
    return json.dumps(
        {
            "event": "ticket",
            "ticket": text,
            "allow": allowed,
            "expires_at": ticket.expires_at,
            "app": ticket.app,
            "max_peers": ticket.max_peers or None,
        }
    )
