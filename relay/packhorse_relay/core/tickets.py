"""Whom the relay serves at all: holders of a ticket or of the access key, or everybody."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from packhorse.wire.constants import ErrorCode
from packhorse.wire.errors import ConfigurationError, ParseError
from packhorse.wire.messages import Create, Join, ListRooms
from packhorse.wire.proofs import access_proof
from packhorse.wire.ticket import Permission, Ticket, open_ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorKeys:
    """The secrets of the operator; none of them is ever sent or logged."""

    ticket_key: bytes | None = None
    """Signs tickets."""
    access_key: bytes | None = None
    """Shared by all who may use the relay."""
    apps: frozenset[str] = frozenset()
    """Applications whose tickets count; empty for all."""


class Pass(NamedTuple):
    """What somebody who is served may do."""

    app: str | None = None
    """Application of the ticket; rooms of different applications do not meet."""
    max_peers: int | None = None
    """Largest room; None leaves that to the relay."""


def check_keys(tickets: str, keys: OperatorKeys) -> None:
    """Look whether the relay can do what `Settings.tickets` says.

    Raises:
        ConfigurationError: Tickets are asked for, but there is no key to check them by.
    """
    if tickets != "off" and keys.ticket_key is None and keys.access_key is None:
        raise ConfigurationError(
            f"tickets is {tickets}, but the relay has no key to check tickets by",
            "make one with packhorse ticket --new-key FILE and give it with --ticket-key FILE, "
            "or serve everybody with --tickets off",
        )


class Gate:
    """Asks for a ticket or an access proof where the settings say so (SPEC.md ADM-1)."""

    def __init__(self, tickets: str, keys: OperatorKeys, unix_time: Callable[[], float]) -> None:
        """Take the mode of `Settings.tickets` and a clock in seconds since 1970.

        Raises:
            ConfigurationError: As for `check_keys`.
        """
        self._unix_time = unix_time
        self.change(tickets, keys)

    def change(self, tickets: str, keys: OperatorKeys) -> None:
        """Go by another mode and other keys from now on; members stay members.

        Raises:
            ConfigurationError: As for `check_keys`; nothing was changed.
        """
        check_keys(tickets, keys)
        self._asked = {"off": (), "create": (Permission.CREATE,)}.get(tickets, tuple(Permission))
        self._keys = keys

    def check(self, message: Create | Join | ListRooms, permission: Permission) -> Pass | ErrorCode:
        """Return what the sender may do, or why it is not served."""
        if permission not in self._asked:
            return Pass()
        if message.ticket is not None:
            return self._check_ticket(message.ticket, permission)
        if message.access is None:
            return ErrorCode.TICKET_REQUIRED
        return Pass() if self._is_proven(message.access, message.cookie) else _INVALID

    def _check_ticket(self, data: bytes, permission: Permission) -> Pass | ErrorCode:
        ticket = self._open(data)
        if ticket is None or not self._is_good(ticket, permission):
            return _INVALID
        return Pass(ticket.app, ticket.max_peers or None)

    def _open(self, data: bytes) -> Ticket | None:
        if self._keys.ticket_key is None:
            return None
        try:
            return open_ticket(data, self._keys.ticket_key)
        except ParseError:
            return None

    def _is_good(self, ticket: Ticket, permission: Permission) -> bool:
        is_known = not self._keys.apps or ticket.app in self._keys.apps
        return is_known and permission in ticket.permissions and not self._is_over(ticket)

    def _is_over(self, ticket: Ticket) -> bool:
        return ticket.expires_at <= self._unix_time()

    def _is_proven(self, proof: bytes, cookie: bytes) -> bool:
        key = self._keys.access_key
        return key is not None and hmac.compare_digest(proof, access_proof(key, cookie))


_INVALID = ErrorCode.TICKET_INVALID
OPEN_GATE = Gate("off", OperatorKeys(), lambda: 0.0)
"""Everybody is served."""
