"""Tickets: what the operator of a relay lets somebody do there, signed with the operator's key."""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ConfigurationError, ParseError

TICKET_ID_SIZE: Final = 8  # bytes
KEY_SIZE: Final = 32  # bytes of a new key
MAX_APP: Final = 64  # bytes of UTF-8
_SHORTEST_KEY: Final = 16  # bytes
_MAC_SIZE: Final = 16  # bytes
_LONGEST_TICKET: Final = 100  # bytes
_VERSION: Final = 1
_LABEL: Final = b"packhorse.v1 ticket"
_HEAD: Final = struct.Struct(f">BBQH{TICKET_ID_SIZE}s")  # version, permissions, expiry, peers, id


class Permission(IntFlag):
    """What a ticket lets its holder do."""

    CREATE = 1
    JOIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a ticket says."""

    id: bytes
    """8 random bytes; tells tickets apart."""
    permissions: Permission
    expires_at: int
    """Seconds since 1970-01-01 UTC."""
    app: str = ""
    """Application that it is for, at most 64 bytes of UTF-8."""
    max_peers: int = 0
    """Largest room that it may create, host included, 2..1024; 0 leaves that to the relay."""


def sign_ticket(ticket: Ticket, key: bytes) -> bytes:
    """Return the bytes of a ticket, 36..100 of them.

    Source: protocol_spec/SPEC.md section 5.9.
    """
    head = _HEAD.pack(_VERSION, ticket.permissions, ticket.expires_at, ticket.max_peers, ticket.id)
    signed = head + ticket.app.encode()
    return signed + _mac(key, signed)


def open_ticket(data: bytes, key: bytes) -> Ticket:
    """Check the MAC of a ticket, then read it; whether it has expired is for the caller to say.

    Source: protocol_spec/SPEC.md section 5.9.

    Raises:
        ParseError: Too short, signed with another key, or of a form that this version
            does not know.
    """
    if len(data) < _HEAD.size + _MAC_SIZE:
        raise ParseError(DropReason.TOO_SHORT, len(data))
    signed, mac = data[:-_MAC_SIZE], data[-_MAC_SIZE:]
    if not hmac.compare_digest(mac, _mac(key, signed)):
        raise ParseError(DropReason.BAD_MAC, len(signed))
    version, permissions, expires_at, max_peers, ticket_id = _HEAD.unpack_from(signed)
    app = signed[_HEAD.size :]
    if version != _VERSION or len(app) > MAX_APP:
        raise ParseError(DropReason.BAD_FIELD)
    return Ticket(
        id=ticket_id,
        permissions=Permission(permissions & (Permission.CREATE | Permission.JOIN)),
        expires_at=expires_at,
        app=_text(app),
        max_peers=max_peers,
    )


def show_secret(data: bytes) -> str:
    """Return a ticket or key as people copy it: base64url without padding (RFC 4648)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def parse_secret(text: str) -> bytes:
    """Return the bytes of a ticket or key as people copied it; white space does not matter.

    Raises:
        ConfigurationError: It is not base64url.
    """
    joined = "".join(text.split())
    try:
        data = urlsafe_b64decode(joined + "=" * (-len(joined) % 4))
    except ValueError:
        data = b""
    if not data or show_secret(data) != joined.rstrip("="):
        raise ConfigurationError(
            "this is no ticket or key", "copy the whole line that packhorse ticket printed"
        )
    return data


def parse_ticket(text: str) -> bytes:
    """Return the bytes of a ticket as people copied it; only the relay can check it.

    Raises:
        ConfigurationError: It is not base64url, or too long.
    """
    data = parse_secret(text)
    if len(data) > _LONGEST_TICKET:
        raise ConfigurationError(f"the ticket has {len(data)} bytes, {_LONGEST_TICKET} at most")
    return data


def parse_key(text: str) -> bytes:
    """Return the bytes of an operator's key or access key, 16 or more.

    Raises:
        ConfigurationError: It is not base64url, or too short to be safe.
    """
    key = parse_secret(text)
    if len(key) < _SHORTEST_KEY:
        raise ConfigurationError(
            f"the key has {len(key)} bytes, must be {_SHORTEST_KEY} or more",
            "make one with: packhorse ticket --new-key FILE",
        )
    return key


def _text(app: bytes) -> str:
    try:
        return app.decode()
    except UnicodeDecodeError:
        raise ParseError(DropReason.BAD_UTF8) from None


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, _LABEL + signed, "sha256")[:_MAC_SIZE]
