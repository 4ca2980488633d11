"""Options of the relay about whom it serves, and the keys that they name."""

import argparse

from packhorse.aio.secret_files import read_key
from packhorse.wire.ticket import parse_key
from packhorse_relay.config import LIMIT_KEYS, RelayConfig
from packhorse_relay.core.tickets import OperatorKeys


def add_access_arguments(group: argparse._ArgumentGroup) -> None:
    """Add the flags."""
    group.add_argument(
        "--tickets",
        choices=LIMIT_KEYS["tickets"].choices,
        help="who needs a ticket or the access key: nobody, who creates rooms, everybody "
        "(default: create if a key is given or the profile is public, else off)",
    )
    group.add_argument(
        "--ticket-key",
        metavar="FILE",
        help="key that signs tickets; make one with: packhorse ticket --new-key FILE",
    )
    group.add_argument(
        "--ticket-app",
        action="append",
        metavar="NAME",
        help="application whose tickets count; may be repeated (default: all)",
    )
    group.add_argument(
        "--access-key-file",
        metavar="FILE",
        help="key that everybody who may use this relay has; made like a ticket key",
    )


def operator_keys(config: RelayConfig) -> OperatorKeys:
    """Read the keys.

    Raises:
        ConfigurationError: A file cannot be read, holds no key, or everybody may use it.
    """
    return OperatorKeys(
        ticket_key=_key_in(config.ticket_key, "key"),
        access_key=_key_in(config.access_key_file, "access key"),
        apps=frozenset(config.ticket_app),
    )


def _key_in(path: str, meaning: str) -> bytes | None:
    return parse_key(read_key(path, meaning)) if path else None
