"""Resume tickets: what a relay needs to take up a session that it has forgotten.

A ticket is readable by its member and holds nothing secret: the session key follows from
the relay's secret and a nonce in the ticket. Members treat it as opaque.
"""

import hmac
import struct
from typing import Final, NamedTuple

from packhorse.wire.constants import CODE_LENGTH, Topology
from packhorse.wire.room_code import RoomCode

_FORMAT: Final = 2
_FIELDS: Final = struct.Struct(f">BI8sI16sIIBHB{CODE_LENGTH}s")
_STAR: Final = 1
_GUARDED: Final = 2
_HAS_APP: Final = 4
_MAC_SIZE: Final = 16  # bytes
_MAC_LABEL: Final = b"packhorse.v1 resume ticket"
_KEY_LABEL: Final = b"packhorse.v1 session key"
SECRET_SIZE: Final = 32  # bytes
RUN_SIZE: Final = 8  # bytes
KEY_NONCE_SIZE: Final = 16  # bytes


class TicketContent(NamedTuple):
    """One member's place in one room."""

    session: int
    key_nonce: bytes
    peer: int
    next_peer: int
    """Lowest peer id that the room had not given when the ticket was made."""
    topology: Topology
    max_peers: int
    code: RoomCode
    is_guarded: bool = False
    """Not everybody with the code was admitted: a lock, a password, or the host decided."""
    app: str | None = None
    """Application of the operator's ticket that created the room."""
    restarts: int = 0
    """How often the member was restarted, 0..63."""


class ResumeTickets:
    """Makes tickets and reads those that an earlier run of the same relay has made."""

    def __init__(self, secret: bytes, run: bytes, *, unix_now: float, now: float) -> None:
        """Start a run.

        Args:
            secret: 32 bytes that the runs of one relay share and nobody else knows.
            run: 8 random bytes, new for each run.
            unix_now: Seconds since 1970, at the clock time `now`: runs share no other clock.
            now: Clock seconds.
        """
        self._mac_key = hmac.digest(secret, _MAC_LABEL, "sha256")
        self._key_key = hmac.digest(secret, _KEY_LABEL, "sha256")
        self._run = run
        self._unix_offset = unix_now - now

    def session_key(self, session: int, key_nonce: bytes) -> bytes:
        """Return the 32-byte key of a session."""
        return hmac.digest(self._key_key, session.to_bytes(4, "big") + key_nonce, "sha256")

    def make(self, content: TicketContent, lifetime: float, *, now: float) -> bytes:
        """Return a ticket that is good for `lifetime` seconds from `now`."""
        fields = _FIELDS.pack(
            _FORMAT,
            int(now + lifetime + self._unix_offset) & 0xFFFFFFFF,
            self._run,
            content.session,
            content.key_nonce,
            content.peer,
            content.next_peer,
            _flags(content),
            content.max_peers,
            content.restarts,
            content.code.encode(),
        )
        fields += (content.app or "").encode()
        return fields + self._mac(fields)

    def read(self, ticket: bytes, *, now: float) -> TicketContent | None:
        """Return what a ticket says; None when it is not to be believed.

        Believed is a ticket of this relay's secret that has not expired and that an earlier
        run made: a session of this run that is not there any more has ended.
        """
        fields, mac = ticket[:-_MAC_SIZE], ticket[-_MAC_SIZE:]
        if len(fields) < _FIELDS.size or not hmac.compare_digest(mac, self._mac(fields)):
            return None
        form, expires_at, run, session, key_nonce, *room, code = _FIELDS.unpack_from(fields)
        if form != _FORMAT or run == self._run or expires_at < int(now + self._unix_offset):
            return None
        peer, next_peer, flags, max_peers, restarts = room
        topology = Topology.STAR if flags & _STAR else Topology.MESH
        place = (peer, next_peer, topology, max_peers, RoomCode(code.decode()))
        app = fields[_FIELDS.size :].decode() if flags & _HAS_APP else None
        is_guarded = bool(flags & _GUARDED)
        return TicketContent(session, key_nonce, *place, is_guarded, app, restarts)

    def _mac(self, fields: bytes) -> bytes:
        return hmac.digest(self._mac_key, fields, "sha256")[:_MAC_SIZE]


def _flags(content: TicketContent) -> int:
    is_star = content.topology is Topology.STAR
    return _STAR * is_star | _GUARDED * content.is_guarded | _HAS_APP * (content.app is not None)
