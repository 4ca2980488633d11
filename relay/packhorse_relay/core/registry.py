"""Every room and session of the relay, with the caps on their number."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.binding import epoch_key
from packhorse.wire.constants import (
    MAX_ATTEMPTS,
    MAX_TOMBSTONES,
    SEAL_RATE,
    TOMBSTONE,
    Topology,
)
from packhorse.wire.header import HOST
from packhorse.wire.messages import Join
from packhorse.wire.room_code import CODE_BYTES, RoomCode, encode_room_code
from packhorse.wire.seal import DirectionKeys, ReplayWindow, derive_keys
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.data_budget import DataBudget
from packhorse_relay.core.doors import admits
from packhorse_relay.core.forwarding import Endpoint, ForwardingTable, Group
from packhorse_relay.core.public_rooms import PublicRooms
from packhorse_relay.core.resume_tickets import (
    KEY_NONCE_SIZE,
    ResumeTickets,
    TicketContent,
)
from packhorse_relay.core.rooms import (
    Attempt,
    FormerEpoch,
    Room,
    Session,
    attempt_of,
)
from packhorse_relay.core.session_budgets import SessionBudgets
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.source_counts import SourceCounts

_SHARE_SIZE = 32  # bytes
_TAGS = 256


class Tombstone(NamedTuple):
    """What is left of an ended session: enough to tell its member so."""

    id: int
    tag: int
    key: bytes
    keys: DirectionKeys
    address: TransportAddress
    next_seq: int
    code: int
    expires_at: float
    attempts: tuple[Attempt, ...]


class _Identity(NamedTuple):
    """What the key of a session follows from, with the relay's secret."""

    session: int
    key_nonce: bytes


class Registry:
    """Finds and counts rooms and sessions; the forwarding table follows every change."""

    def __init__(
        self,
        settings: Settings,
        random_bytes: Callable[[int], bytes],
        tickets: ResumeTickets,
    ) -> None:
        self._settings = settings
        self.tickets = tickets
        self._random_bytes = random_bytes
        self._rooms_by_source = SourceCounts()
        self._sessions_by_source = SourceCounts()
        self._by_attempt: dict[Attempt, Session] = {}
        self._ended_attempts: set[Attempt] = set()
        self._nowhere = Room(
            code=RoomCode(""),
            topology=Topology.MESH,
            max_peers=0,
            most_peers=0,
            source=b"",
            group=Group(is_star=False),
        )
        self.table = ForwardingTable()
        self.rooms: dict[RoomCode, Room] = {}
        self.sessions: dict[int, Session] = {}
        self.budgets = SessionBudgets()
        self.public = PublicRooms()
        self.tombstones: OrderedDict[int, Tombstone] = OrderedDict()

    def change_settings(self, settings: Settings, *, now: float) -> None:
        """Go by other limits from now on; every session gets the new rate of data."""
        self._settings = settings
        for session in self.sessions.values():
            session.endpoint.budget.change_rate(settings.data_rate(session.peer), now=now)

    def is_full_for_room(self) -> bool:
        """Tell whether the relay has no place for another room."""
        return len(self.rooms) >= self._settings.max_rooms

    def is_full_for_session(self) -> bool:
        """Tell whether the relay has no place for another session."""
        return len(self.sessions) >= self._settings.max_sessions

    def has_room_quota(self, source: bytes) -> bool:
        """Tell whether `source` may have another room."""
        return self._rooms_by_source.may_have_another(source, self._settings.rooms_per_source)

    def has_session_quota(self, address: TransportAddress) -> bool:
        """Tell whether another session from `address` is within its source's quota."""
        most = self._settings.sessions_per_source
        is_within = self._sessions_by_source.may_have_another(source_of(address), most)
        return is_within and self.has_free_tag(address)

    def find_attempt(self, address: TransportAddress, nonce: bytes) -> Session | None:
        """Return the session that this CREATE, JOIN or BIND already led to."""
        return self._by_attempt.get(attempt_of(address, nonce))

    def has_ended(self, address: TransportAddress, nonce: bytes) -> bool:
        """Tell whether this attempt led to a session that has ended.

        A late copy of its CREATE or JOIN must not start another session. Tombstones
        outlive cookies, so that remembering it for as long is enough.
        """
        return attempt_of(address, nonce) in self._ended_attempts

    def room_for(self, join: Join, source: bytes, app: str | None) -> Room | None:
        """Return the room that a JOIN names, if there is one and it admits who sent it.

        Takes the same steps whichever of the two is the case (SPEC.md JOIN-5).
        """
        room = self.rooms.get(RoomCode(join.code), self._nowhere)
        is_admitted = admits(room, join, source, app)
        return room if is_admitted & (room is not self._nowhere) else None

    def add_room(self, source: bytes, topology: Topology, max_peers: int, most_peers: int) -> Room:
        """Open an empty room with a fresh code; its host may ask for up to `most_peers`."""
        room = self._insert_room(self._fresh_code(), source, topology, max_peers)
        room.most_peers = most_peers
        return room

    def restore_room(self, content: TicketContent) -> Room:
        """Open the room of a resume ticket, without a member; nobody is charged for it yet."""
        room = self._insert_room(content.code, b"", content.topology, content.max_peers)
        room.is_recovering = True
        room.app = content.app
        room.next_request = int.from_bytes(self._random_bytes(4), "big") >> 2  # RES-14
        return room

    def charge_room(self, room: Room, source: bytes) -> None:
        """Count a room that was restored for the source of its host."""
        self._rooms_by_source.remove(room.source)
        room.source = source
        self._rooms_by_source.add(source)

    def add_session(
        self,
        room: Room,
        address: TransportAddress,
        nonce: bytes,
        max_datagram: int,
        *,
        now: float,
    ) -> Session:
        """Add a member to `room`; `has_session_quota` must have been true."""
        endpoint = self._endpoint(room, room.take_peer(), address, now)
        identity = _Identity(self._fresh_session_id(), self._random_bytes(KEY_NONCE_SIZE))
        attempt = attempt_of(address, nonce)
        return self._start(identity, room, endpoint, attempt, max_datagram, now=now)

    def restore_session(
        self,
        room: Room,
        content: TicketContent,
        address: TransportAddress,
        nonce: bytes,
        max_datagram: int,
        *,
        now: float,
    ) -> Session:
        """Add the member of a resume ticket to `room` under its former ids."""
        endpoint = self._endpoint(room, content.peer, address, now)
        attempt = attempt_of(address, nonce)
        identity = _Identity(content.session, content.key_nonce)
        return self._start(identity, room, endpoint, attempt, max_datagram, now=now)

    def begin_epoch(self, session: Session, nonce: bytes, *, now: float) -> None:
        """Replace the keys of a session; those before only tell a program that it was replaced."""
        session.former = FormerEpoch(session.endpoint.tag, session.keys, now + TOMBSTONE)
        session.share = self._random_bytes(_SHARE_SIZE)
        session.keys = derive_keys(epoch_key(session.key, nonce, session.share))
        session.window = ReplayWindow()
        session.results.clear()
        session.pending = None
        session.proven_at, session.consent = now, b""

    def rebind(self, session: Session, address: TransportAddress, nonce: bytes) -> None:
        """Give a session another address, under a tag of its own; a tag must be free there."""
        if len(session.attempts) == MAX_ATTEMPTS:
            del self._by_attempt[session.attempts.pop(0)]
        session.attempts.append(attempt_of(address, nonce))
        self._by_attempt[session.attempt] = session
        self.table.move(session.endpoint, address, self._take_tag(address))

    def has_free_tag(self, address: TransportAddress) -> bool:
        """Tell whether another session can be at `address`."""
        return self._free_tag(address) is not None

    def _start(
        self,
        identity: _Identity,
        room: Room,
        endpoint: Endpoint,
        attempt: Attempt,
        max_datagram: int,
        *,
        now: float,
    ) -> Session:
        key = self.tickets.session_key(identity.session, identity.key_nonce)
        session = Session(
            id=identity.session,
            key=key,
            key_nonce=identity.key_nonce,
            keys=derive_keys(key),
            room=room,
            endpoint=endpoint,
            source=source_of(endpoint.address),
            asked_at=now,
            max_datagram=max_datagram,
            attempts=[attempt],
            last_heard=now,
            timers=self._settings,
            proven_at=now,
            requests=TokenBucket(SEAL_RATE, 2 * SEAL_RATE, now=now),
        )
        endpoint.session = session.id
        self._insert(session)
        return session

    def remove_session(self, session: Session, code: int, *, now: float) -> None:
        """Remove a member and leave a tombstone that tells `code`."""
        del self.sessions[session.id]
        self.table.detach(session.endpoint)  # which brings its budget up to date
        session.room.remove(session)
        for attempt in session.attempts:
            del self._by_attempt[attempt]
        self._sessions_by_source.remove(session.source)
        self._bury(session, code, now)
        if session.peer == HOST or not session.room.sessions:
            self.remove_room(session.room)

    def remove_room(self, room: Room) -> None:
        """Forget a room; harmless when that has happened."""
        if self.rooms.pop(room.code, None) is not None:
            self.public.remove(room.code)
            self._rooms_by_source.remove(room.source)

    def forget_tombstones(self, *, now: float) -> None:
        """Drop the tombstones whose time is over."""
        while self.tombstones and next(iter(self.tombstones.values())).expires_at <= now:
            self._forget_oldest_tombstone()

    def _insert_room(
        self, code: RoomCode, source: bytes, topology: Topology, max_peers: int
    ) -> Room:
        group = Group(is_star=topology is Topology.STAR)
        room = Room(
            code=code,
            topology=topology,
            max_peers=max_peers,
            most_peers=max_peers,
            source=source,
            group=group,
        )
        self.rooms[code] = room
        self._rooms_by_source.add(source)
        return room

    def _endpoint(self, room: Room, peer: int, address: TransportAddress, now: float) -> Endpoint:
        budget = DataBudget(self._settings.data_rate(peer), now=now)
        return Endpoint(room.group, peer, self._take_tag(address), address, budget)

    def _take_tag(self, address: TransportAddress) -> int:
        tag = self._free_tag(address)
        if tag is None:  # pragma: no cover - the caller has asked before
            msg = "no free tag"
            raise AssertionError(msg)
        return tag

    def _insert(self, session: Session) -> None:
        self.sessions[session.id] = session
        session.room.sessions[session.peer] = session
        self._by_attempt[session.attempt] = session
        self.table.attach(session.endpoint)
        self._sessions_by_source.add(session.source)

    def _bury(self, session: Session, code: int, now: float) -> None:
        if len(self.tombstones) >= MAX_TOMBSTONES:
            self._forget_oldest_tombstone()
        self._ended_attempts.update(session.attempts)
        self.tombstones[session.id] = Tombstone(
            session.id,
            session.endpoint.tag,
            session.key,
            session.keys,
            session.address,
            session.next_seq,
            code,
            now + TOMBSTONE,
            tuple(session.attempts),
        )

    def _forget_oldest_tombstone(self) -> None:
        _, tombstone = self.tombstones.popitem(last=False)
        self._ended_attempts.difference_update(tombstone.attempts)

    def _free_tag(self, address: TransportAddress) -> int | None:
        start = self._random_bytes(1)[0]
        candidates = ((start + step) % _TAGS for step in range(_TAGS))
        return next((tag for tag in candidates if self.table.is_free(address, tag)), None)

    def _fresh_code(self) -> RoomCode:
        while True:
            code = encode_room_code(self._random_bytes(CODE_BYTES))
            if code not in self.rooms:
                return code

    def _fresh_session_id(self) -> int:
        while True:
            session_id = int.from_bytes(self._random_bytes(4), "big")
            if session_id not in self.sessions and session_id not in self.tombstones:
                return session_id
