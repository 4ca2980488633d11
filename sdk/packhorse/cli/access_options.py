"""Options of the commands that enter a room on a relay which does not serve everybody."""

import argparse
from pathlib import Path

from packhorse.core.credentials import Access
from packhorse.wire.errors import ConfigurationError


def add_access_arguments(parser: "argparse._ActionsContainer") -> None:
    """Add `--ticket`, `--ticket-file` and `--access-key-file`."""
    tickets = parser.add_mutually_exclusive_group()
    tickets.add_argument("--ticket", metavar="TICKET", help="ticket of the relay's operator")
    tickets.add_argument("--ticket-file", metavar="FILE", help="file that holds the ticket")
    tickets.add_argument(
        "--access-key-file", metavar="FILE", help="file that holds the relay's access key"
    )


def access_of(args: argparse.Namespace) -> Access:
    """Return what the options say.

    Raises:
        ConfigurationError: A file cannot be read, or holds something else.
    """
    ticket = args.ticket or read_text(args.ticket_file, "ticket")
    return Access(ticket=ticket, key=read_text(args.access_key_file, "access key"))


def read_text(path: str | None, meaning: str) -> str | None:
    """Return what a small text file holds; None for no file.

    Raises:
        ConfigurationError: It cannot be read.
    """
    if path is None:
        return None
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(
            f"the {meaning} file {path} cannot be read: {problem}", "check its name and its rights"
        ) from error
