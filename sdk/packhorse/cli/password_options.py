"""Options for the password of a room."""

import argparse
import getpass
import warnings

from packhorse.aio.secret_files import read_text
from packhorse.cli.options import end_with_usage
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


def prepare_password(args: argparse.Namespace) -> None:
    """Ask for the password where that is wanted; ends with code 2 where there can be none.

    To be called before an event loop takes the signals, so that Ctrl-C ends the question.

    Raises:
        ConfigurationError: There is no terminal, or nothing was typed at it.
    """
    has_password = args.ask_password or args.password_file or args.password is not None
    if has_password and getattr(args, "legacy", False):
        end_with_usage(args, "--legacy: has no passwords, everybody comes in")
    if args.ask_password:
        args.password = _ask()


def password_of(args: argparse.Namespace) -> str | None:
    """Return the password; None for none.

    Raises:
        ConfigurationError: The file cannot be read, or the password is empty.
    """
    password: str | None = args.password
    if args.password_file is not None:
        text = read_text(args.password_file, "password")
        password = text.partition("\n")[0].rstrip("\r")
    if password == "":
        raise ConfigurationError("the password is empty", "leave the option out for no password")
    return password


def _ask() -> str:
    advice = "ask at a terminal, or take --password-file"
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass("Password of the room: ")
        except getpass.GetPassWarning:
            raise ConfigurationError("there is no terminal to ask at", advice) from None
        except EOFError:
            raise ConfigurationError("no password was typed", advice) from None
