"""What the relay tells members, and when it stops believing that they are there."""

import heapq
from collections import deque

from packhorse.wire import constants as c
from packhorse.wire.constants import ErrorCode, RoomEventKind
from packhorse.wire.messages import Closed, Events, RelaySeal, Roster
from packhorse.wire.seal import encode_seal
from packhorse_relay.core.outbox import Outbox
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.relay_events import RelayEvent, SessionEnded, SessionStarted
from packhorse_relay.core.resume_tickets import TicketContent
from packhorse_relay.core.rooms import HOST, Room, RoomEvent, Session
from packhorse_relay.core.settings import Settings

_MAX_EVENTS = 1024  # not yet drained; the oldest gives way
_STALE_CHECKS = 64  # beyond those of live sessions, before they are swept


class Members:
    """Leases of sessions, events of rooms, and the end of both."""

    def __init__(self, settings: Settings, registry: Registry, outbox: Outbox) -> None:
        self._settings = settings
        self._registry = registry
        self._outbox = outbox
        self._checks: list[tuple[float, int]] = []  # heap of (when, session id)
        self._events: deque[RelayEvent] = deque(maxlen=_MAX_EVENTS)

    def send(self, session: Session, message: RelaySeal) -> bytes:
        """Send a SEAL message to the proven address of a session; returns the datagram."""
        datagram = self.seal(session, message)
        self._outbox.send(datagram, session.address)
        return datagram

    def seal(self, session: Session, message: RelaySeal) -> bytes:
        """Return the SEAL datagram of `message` for a session."""
        key = session.keys.relay_to_member
        return encode_seal(message, session.id, session.endpoint.tag, key)

    def announce(self, room: Room, kind: RoomEventKind, peer: int, code: int = 0) -> None:
        """Record a change and tell it once to every member but the one it is about."""
        event = room.record(kind, peer, code)
        for session in room.sessions.values():
            if session.peer != peer:
                self.send_events(session, (event,))

    def send_events(self, session: Session, events: tuple[RoomEvent, ...]) -> None:
        """Send EVENTS to one member."""
        self.send(session, Events(seq=session.take_seq(), events=events))

    def send_roster(self, session: Session) -> None:
        """Send every page of ROSTER to one member."""
        peers = session.room.roster()
        starts = range(0, len(peers), c.ROSTER_PAGE)
        for page, start in enumerate(starts):
            message = Roster(
                seq=session.take_seq(),
                rev=session.room.rev,
                page=page,
                pages=len(starts),
                peers=tuple(peers[start : start + c.ROSTER_PAGE]),
                recovering=session.room.is_recovering or None,
            )
            self.send(session, message)

    def resume_ticket(self, session: Session, *, now: float) -> bytes:
        """Return the ticket with which the session survives a restart of the relay."""
        room = session.room
        content = TicketContent(
            session.id,
            session.key_nonce,
            session.peer,
            room.next_peer,
            room.topology,
            room.max_peers,
            room.code,
        )
        lifetime = self._settings.removed_after(session.peer) + c.RESUME_SLACK
        return self._registry.tickets.make(content, lifetime, now=now)

    def next_event(self) -> RelayEvent | None:
        """Drain one event."""
        return self._events.popleft() if self._events else None

    def watch(self, session: Session) -> None:
        """Look at the lease of a new session when it may first be lost."""
        self._events.append(SessionStarted(session.room.code, session.peer))
        self._check_at(session, session.last_heard + self._settings.lost_after)

    def renew(self, session: Session, *, now: float) -> None:
        """Renew the lease: a valid, fresh SEAL datagram came (SPEC.md SEAL-3)."""
        session.last_heard = now
        if session.is_lost:
            session.is_lost = False
            self.announce(session.room, RoomEventKind.PEER_FOUND, session.peer)
            self._check_at(session, now + self._settings.lost_after)

    def end(self, session: Session, code: int, *, now: float) -> None:
        """End one session; with the host goes the room."""
        if session.peer == HOST:
            self._close_room(session, code, now)
            return
        self._close_session(session, code, now)
        self.announce(session.room, RoomEventKind.PEER_LEFT, session.peer, code)

    def close_lost_room(self, source: bytes, *, now: float) -> None:
        """Close the oldest room of a source whose host is lost: a new one is to take its place."""
        for room in self._registry.rooms.values():
            host = room.sessions.get(HOST)
            if room.source == source and host is not None and host.is_lost:
                self.end(host, ErrorCode.LEASE_EXPIRED, now=now)
                return

    def end_all(self, code: ErrorCode, *, now: float) -> None:
        """End every session with `code`."""
        for room in list(self._registry.rooms.values()):
            for session in sorted(room.sessions.values(), key=lambda s: s.peer, reverse=True):
                self._close_session(session, code, now)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` next has work."""
        tombstones = self._registry.tombstones
        first_tombstone = [next(iter(tombstones.values())).expires_at] if tombstones else []
        first_check = [self._checks[0][0]] if self._checks else []
        return min(first_tombstone + first_check, default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Mark silent members as lost, remove those silent for too long."""
        self._registry.forget_tombstones(now=now)
        while self._checks and self._checks[0][0] <= now:
            when, session_id = heapq.heappop(self._checks)
            session = self._registry.sessions.get(session_id)
            if session is not None and session.check_at == when:
                self._check(session, now)

    def _check(self, session: Session, now: float) -> None:
        removed_at = session.last_heard + self._settings.removed_after(session.peer)
        lost_at = session.last_heard + self._settings.lost_after
        if removed_at <= now:
            self.end(session, ErrorCode.LEASE_EXPIRED, now=now)
        elif session.is_lost or lost_at > now:
            self._check_at(session, removed_at if session.is_lost else lost_at)
        else:
            session.is_lost = True
            self.announce(session.room, RoomEventKind.PEER_LOST, session.peer)
            self._check_at(session, removed_at)

    def _check_at(self, session: Session, when: float) -> None:
        session.check_at = when
        heapq.heappush(self._checks, (when, session.id))
        live = self._registry.sessions
        # Entries of ended sessions and of former times stay until they are due, but not for ever.
        if len(self._checks) > 2 * len(live) + _STALE_CHECKS:
            self._checks = [(each.check_at, each.id) for each in live.values()]
            heapq.heapify(self._checks)

    def close_clients(self, room: Room, code: int, *, now: float) -> None:
        """End every session of a room but the host's."""
        for session in [s for s in room.sessions.values() if s.peer != HOST]:
            self._close_session(session, code, now)

    def _close_room(self, host: Session, code: int, now: float) -> None:
        has_left = code == 0
        told = ErrorCode.ROOM_CLOSED if has_left else ErrorCode.HOST_LOST
        self.close_clients(host.room, told, now=now)
        self._close_session(host, code, now)

    def _close_session(self, session: Session, code: int, now: float) -> None:
        if code != 0:
            self.send(session, Closed(seq=session.take_seq(), code=code))
        self._registry.remove_session(session, code, now=now)
        self._events.append(SessionEnded(session.room.code, session.peer, code))
