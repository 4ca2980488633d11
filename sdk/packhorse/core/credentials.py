"""What a member shows to a relay that does not serve everybody."""

from typing import TypedDict

from packhorse.wire.proofs import access_proof
from packhorse.wire.ticket import parse_key, parse_ticket


class AccessFields(TypedDict):
    """The fields of CREATE, JOIN and LIST_ROOMS."""

    ticket: bytes | None
    access: bytes | None


class Access:
    """A ticket of the relay's operator, the relay's access key, or nothing."""

    __slots__ = ("_key", "_ticket")

    def __init__(self, *, ticket: str | None = None, key: str | None = None) -> None:
        """Take them as `packhorse ticket` prints them.

        Raises:
            ConfigurationError: One of them cannot be read.
        """
        self._ticket = None if ticket is None else parse_ticket(ticket)
        self._key = None if key is None else parse_key(key)

    def fields(self, cookie: bytes) -> AccessFields:
        """Return what goes into a request with this cookie."""
        proof = None if self._key is None else access_proof(self._key, cookie)
        return {"ticket": self._ticket, "access": proof}


NO_ACCESS = Access()
"""For relays that serve everybody."""
