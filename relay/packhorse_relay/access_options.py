"""Options of the relay about whom it serves, and the keys that they name."""

import argparse
import os
import stat
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse.wire.ticket import parse_key
from packhorse_relay.config import LIMIT_KEYS, RelayConfig
from packhorse_relay.core.tickets import OperatorKeys

_HAS_MODES: Final = os.name == "posix"


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
        ConfigurationError: A file cannot be read, holds no key, or everybody may read it.
    """
    return OperatorKeys(
        ticket_key=_read_key(config.ticket_key),
        access_key=_read_key(config.access_key_file),
        apps=frozenset(config.ticket_app),
    )


def _read_key(path: str) -> bytes | None:
    if not path:
        return None
    try:
        with Path(path).open(encoding="ascii") as file:
            _refuse_public(path, os.fstat(file.fileno()))
            return parse_key(file.read())
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(
            f"the key file {path} cannot be read: {problem}",
            "make one with: packhorse ticket --new-key FILE",
        ) from error


def _refuse_public(path: str, found: os.stat_result) -> None:
    """Refuse a key that everybody on this machine may use; its group may read it."""
    if _HAS_MODES and found.st_mode & stat.S_IRWXO:
        raise ConfigurationError(f"others may read {path}", f"chmod o-rwx {path}")
