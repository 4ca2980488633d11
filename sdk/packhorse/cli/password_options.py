"""Options for the password of a room."""

import argparse
import getpass

from packhorse.aio.secret_files import read_text
from packhorse.wire.errors import ConfigurationError


def add_password_arguments(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add `--password`, `--password-file` and `--ask-password`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--password",
        metavar="TEXT",
        help=f"{meaning}; other users of this machine may see it, so rather use a file",
    )
    group.add_argument(
        "--password-file", metavar="FILE", help="file whose first line is the password"
    )
    group.add_argument("--ask-password", action="store_true", help="ask for the password")


def password_of(args: argparse.Namespace) -> str | None:
    """Return the password, asking for it where that was wanted; None for none.

    Raises:
        ConfigurationError: The file cannot be read, or the password is empty.
    """
    if args.ask_password:
        password: str | None = getpass.getpass("Password of the room: ")
    elif args.password_file is not None:
        text = read_text(args.password_file, "password")
        password = text.partition("\n")[0].rstrip("\r")
    else:
        password = args.password
    if password == "":
        raise ConfigurationError("the password is empty", "leave the option out for no password")
    return password
