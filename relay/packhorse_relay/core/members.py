"""What the relay tells members, and when it stops believing that they are there."""

import heapq
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

from packhorse.wire import constants as c
from packhorse.wire.constants import ErrorCode, RoomEventKind
from packhorse.wire.header import HOST
from packhorse.wire.messages import Closed, PathChallenge, RelaySeal
from packhorse.wire.seal import SharedSeal, encode_seal
from packhorse_relay.core.news import News, Untold
from packhorse_relay.core.outbox import Outbox
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.relay_events import RelayEvent, SessionEnded, SessionStarted
from packhorse_relay.core.resume_tickets import TicketContent
from packhorse_relay.core.rooms import Room, Session
from packhorse_relay.core.settings import Settings

_MAX_EVENTS = 1024  # not yet drained; the oldest gives way
_CHECKS_AT_ONCE = 64  # leases that one timeout looks at
_DATAGRAMS_AT_ONCE = 256  # that one timeout sends, but for what ending one room takes
_STALE_CHECKS = 64  # beyond those of live sessions, before they are swept


class Members:
    """Leases of sessions, events of rooms, and the end of both."""

    def __init__(self, settings: Settings, registry: Registry, outbox: Outbox) -> None:
        self._settings = settings
        self._registry = registry
        self._outbox = outbox
        self._checks: list[tuple[float, int]] = []  # heap of (when, session id)
        self._events: deque[RelayEvent] = deque(maxlen=_MAX_EVENTS)
        self._untold = Untold()
        self._news: WeakKeyDictionary[Room, News] = WeakKeyDictionary()

    def send(self, session: Session, message: RelaySeal) -> bytes:
        """Send a SEAL message to the proven address of a session; returns the datagram."""
        datagram = self.seal(session, message)
        self._outbox.send(datagram, session.address)
        return datagram

    def seal(self, session: Session, message: RelaySeal) -> bytes:
        """Return the SEAL datagram of `message` for a session."""
        key = session.keys.relay_to_member
        return encode_seal(message, session.id, session.endpoint.tag, key)

    def ask_for_consent(
        self, session: Session, random_bytes: Callable[[int], bytes], *, now: float
    ) -> None:
        """Let an address that was proven some time ago prove itself again (SPEC.md PATH-4)."""
        if now - session.proven_at >= session.timers.consent_interval(session.peer):
            session.consent = session.consent or random_bytes(c.CHALLENGE_SIZE)
            self.send(session, PathChallenge(seq=session.take_seq(), challenge=session.consent))

    def announce(self, room: Room, kind: RoomEventKind, peer: int, code: int = 0) -> None:
        """Record a change and tell it to every member but the one it is about."""
        room.record(kind, peer, code)
        for session in room.sessions.values():
            self._tell(session)

    def announce_joined(self, session: Session) -> None:
        """Tell that a peer is a member now, and how often it was restarted."""
        kind = RoomEventKind.PEER_JOINED
        self.announce(session.room, kind, session.peer, session.restarts)

    def announce_left(self, session: Session, code: int) -> None:
        """Tell that a peer is no member any more, or not in the process that it was."""
        self.announce(session.room, RoomEventKind.PEER_LEFT, session.peer, code)

    def send_news(self, session: Session, since: int) -> None:
        """Send EVENTS after the revision `since`, or ROSTER when that is 0 or too old."""
        session.told_rev = session.room.rev
        for message in self._news_of(session.room).since(session.room, since):
            self._send_shared(session, message)

    def send_roster(self, session: Session) -> None:
        """Send every page of ROSTER to one member."""
        self.send_news(session, 0)

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
            room.is_guarded,
            room.app,
            session.restarts,
        )
        lifetime = session.timers.removed_after(session.peer) + c.RESUME_SLACK
        return self._registry.tickets.make(content, lifetime, now=now)

    def next_event(self) -> RelayEvent | None:
        """Drain one event."""
        return self._events.popleft() if self._events else None

    def watch(self, session: Session) -> None:
        """Look at the lease of a new session when it may first be lost."""
        self._events.append(SessionStarted(session.room.code, session.peer))
        self._check_at(session, session.last_heard + session.timers.lost_after)

    def change_settings(self, settings: Settings) -> None:
        """Let epochs that begin from now on go by other timers."""
        self._settings = settings

    def take_timers(self, session: Session) -> None:
        """Let a session whose next epoch begins go by the timers in force."""
        if session.timers is not self._settings:
            session.timers = self._settings
            lost_at = session.last_heard + session.timers.lost_after
            self._check_at(session, min(session.check_at, lost_at))

    def renew(self, session: Session, *, now: float) -> None:
        """Renew the lease: a valid, fresh SEAL datagram came (SPEC.md SEAL-3)."""
        session.last_heard = now
        if session.is_lost:
            session.is_lost = False
            self.announce(session.room, RoomEventKind.PEER_FOUND, session.peer)
            lost_at = now + session.timers.lost_after
            self._check_at(session, min(lost_at, self._removed_at(session)))

    def end(self, session: Session, code: int, *, now: float) -> None:
        """End one session; with the host goes the room."""
        if session.peer == HOST:
            self._close_room(session, code, now)
            return
        self._close_session(session, code, now)
        self.announce_left(session, code)

    def _expire(self, session: Session, now: float) -> None:
        if session.peer == HOST:
            self._close_room(session, ErrorCode.LEASE_EXPIRED, now)
            return
        self._close_session(session, ErrorCode.LEASE_EXPIRED, now)
        code = ErrorCode.LEASE_EXPIRED
        self._announce_later(session.room, RoomEventKind.PEER_LEFT, session.peer, code, now)

    def close_lost_room(self, source: bytes, *, now: float) -> None:
        """Close the oldest room of a source whose host has been silent as long as a client may.

        A new room is to take its place. Behind one address there may be several homes: a
        host that is only lost for a moment keeps its room.
        """
        for room in self._registry.rooms.values():
            host = room.sessions.get(HOST)
            if room.source != source or host is None:
                continue
            if now - host.last_heard >= self._settings.client_removed_after:
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
        untold = [] if self._untold.is_empty else [self._untold.since]
        return min(first_tombstone + first_check + untold, default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Mark silent members as lost, remove those silent for too long.

        Does so much at once and no more: what is left is due again immediately, so that
        the shell can take in datagrams in between.
        """
        self._registry.forget_tombstones(now=now)
        most = len(self._outbox) + _DATAGRAMS_AT_ONCE
        for _ in range(_CHECKS_AT_ONCE):
            if not self._checks or self._checks[0][0] > now or len(self._outbox) >= most:
                break
            self._check_next(now)
        while len(self._outbox) < most and (session := self._untold.pop()) is not None:
            self._tell(session)

    def _check_next(self, now: float) -> None:
        when, session_id = heapq.heappop(self._checks)
        session = self._registry.sessions.get(session_id)
        if session is not None and session.check_at == when:
            self._check(session, now)

    def _check(self, session: Session, now: float) -> None:
        removed_at = self._removed_at(session)
        lost_at = session.last_heard + session.timers.lost_after
        if removed_at <= now:
            self._expire(session, now)
        elif session.is_lost or lost_at > now:
            self._check_at(session, removed_at if session.is_lost else min(lost_at, removed_at))
        else:
            session.is_lost = True
            self._announce_later(session.room, RoomEventKind.PEER_LOST, session.peer, 0, now)
            self._check_at(session, removed_at)

    @staticmethod
    def _removed_at(session: Session) -> float:
        """Return when a session ends unless it is heard of, or its address proven, before."""
        believed_until = min(session.last_heard, session.proven_at)
        return believed_until + session.timers.removed_after(session.peer)

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

    def _announce_later(
        self, room: Room, kind: RoomEventKind, peer: int, code: int, now: float
    ) -> None:
        """Record a change that many others may follow at once: one EVENTS tells them all."""
        room.record(kind, peer, code)
        self._untold.add(room, now=now)
        if room.rev % c.HISTORY_LENGTH == 0:  # before the first of them is kept no more
            for session in room.sessions.values():
                self._tell(session)

    def _tell(self, session: Session) -> None:
        """Send the changes that a member was not told yet; its own alone can wait."""
        events = session.room.events_since(session.told_rev)
        if events is None or all(event.peer == session.peer for event in events):
            return
        self.send_news(session, session.told_rev)

    def _news_of(self, room: Room) -> News:
        news = self._news.get(room)
        if news is None:
            news = self._news[room] = News()
        return news

    def _send_shared(self, session: Session, message: SharedSeal) -> None:
        key = session.keys.relay_to_member
        datagram = message.encode(session.take_seq(), session.id, session.endpoint.tag, key)
        self._outbox.send(datagram, session.address)

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
