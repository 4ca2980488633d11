"""Options of the relay about whom it serves, and the keys that they name."""

import argparse
from pathlib import Path
from typing import TypedDict

from packhorse.wire.errors import ConfigurationError
from packhorse.wire.ticket import parse_key
from packhorse_relay.core.settings import TICKET_MODES
from packhorse_relay.core.tickets import OperatorKeys


class AccessSettings(TypedDict, total=False):
    """The part of `Settings` that the options say."""

    tickets: str


def add_access_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--tickets",
        choices=TICKET_MODES,
        help="who needs a ticket or the access key: nobody, who creates rooms, everybody "
        "(default: create if a key is given, else off)",
    )
    parser.add_argument(
        "--ticket-key",
        metavar="FILE",
        help="key that signs tickets; make one with: packhorse ticket --new-key FILE",
    )
    parser.add_argument(
        "--ticket-app",
        action="append",
        default=[],
        metavar="NAME",
        help="application whose tickets count; may be repeated (default: all)",
    )
    parser.add_argument(
        "--access-key-file",
        metavar="FILE",
        help="key that everybody who may use this relay has; made like a ticket key",
    )


def access_settings(args: argparse.Namespace) -> AccessSettings:
    """Return what the options change about `Settings`."""
    has_key = args.ticket_key is not None or args.access_key_file is not None
    if args.tickets is None and not has_key:
        return {}
    return {"tickets": args.tickets or "create"}


def operator_keys(args: argparse.Namespace) -> OperatorKeys:
    """Read the keys.

    Raises:
        ConfigurationError: A file cannot be read, or holds no key.
    """
    return OperatorKeys(
        ticket_key=_read_key(args.ticket_key),
        access_key=_read_key(args.access_key_file),
        apps=frozenset(args.ticket_app),
    )


def _read_key(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return parse_key(Path(path).read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(
            f"the key file {path} cannot be read: {problem}",
            "make one with: packhorse ticket --new-key FILE",
        ) from error
