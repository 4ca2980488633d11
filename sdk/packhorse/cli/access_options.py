"""Options of the commands that enter a room on a relay which does not serve everybody."""

import argparse

from packhorse.aio.secret_files import read_key, read_text
from packhorse.core.credentials import Access


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
        ConfigurationError: A file cannot be read or holds something else, or everybody on
            this machine may use the key.
    """
    if args.ticket_file is not None:
        return Access(ticket=read_text(args.ticket_file, "ticket"))
    if args.access_key_file is not None:
        return Access(key=read_key(args.access_key_file, "access key"))
    return Access(ticket=args.ticket or None)
