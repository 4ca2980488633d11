"""Every room and session of the relay, with the caps on their number."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import (
    CHALLENGE_RATE,
    MAX_TOMBSTONES,
    REGRANT_RATE,
    SEAL_RATE,
    SESSION_KEY_SIZE,
    TOMBSTONE,
    Topology,
)
from packhorse.wire.messages import Join
from packhorse.wire.room_code import CODE_BYTES, RoomCode, encode_room_code
from packhorse.wire.seal import DirectionKeys, derive_keys
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.doors import admits
from packhorse_relay.core.forwarding import Endpoint, ForwardingTable, Group
from packhorse_relay.core.public_rooms import PublicRooms
from packhorse_relay.core.rooms import HOST, Attempt, Room, Session, attempt_of
from packhorse_relay.core.settings import Settings

_TAGS = 256


class Tombstone(NamedTuple):
    """What is left of an ended session: enough to tell its member so."""

    id: int
    tag: int
    keys: DirectionKeys
    address: TransportAddress
    next_seq: int
    code: int
    expires_at: float
    attempt: Attempt


class Registry:
    """Finds and counts rooms and sessions; the forwarding table follows every change."""

    def __init__(self, settings: Settings, random_bytes: Callable[[int], bytes]) -> None:
        self._settings = settings
        self._random_bytes = random_bytes
        self._rooms_by_source: Counter[bytes] = Counter()
        self._sessions_by_source: Counter[bytes] = Counter()
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
        self.public = PublicRooms()
        self.tombstones: OrderedDict[int, Tombstone] = OrderedDict()

    def is_full_for_room(self) -> bool:
        """Tell whether the relay has no place for another room."""
        return len(self.rooms) >= self._settings.max_rooms

    def is_full_for_session(self) -> bool:
        """Tell whether the relay has no place for another session."""
        return len(self.sessions) >= self._settings.max_sessions

    def has_room_quota(self, source: bytes) -> bool:
        """Tell whether `source` may have another room."""
        return self._rooms_by_source[source] < self._settings.rooms_per_source

    def has_session_quota(self, address: TransportAddress) -> bool:
        """Tell whether another session from `address` is within its source's quota."""
        is_within = (
            self._sessions_by_source[source_of(address)] < self._settings.sessions_per_source
        )
        return is_within and self._free_tag(address) is not None

    def find_attempt(self, address: TransportAddress, nonce: bytes) -> Session | None:
        """Return the session that this attempt to join already led to."""
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

    def add_room(
        self, source: bytes, topology: Topology, max_peers: int, most_peers: int | None = None
    ) -> Room:
        """Open an empty room with a fresh code; its host may ask for up to `most_peers`."""
        code = self._fresh_code()
        room = Room(
            code=code,
            topology=topology,
            max_peers=max_peers,
            most_peers=most_peers or max_peers,
            source=source,
            group=Group(is_star=topology is Topology.STAR),
        )
        self.rooms[code] = room
        self._rooms_by_source[source] += 1
        return room

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
        tag = self._free_tag(address)
        if tag is None:  # pragma: no cover - the caller has asked before
            msg = "no free tag"
            raise AssertionError(msg)
        endpoint = Endpoint(room.group, room.take_peer(), tag, address)
        key = self._random_bytes(SESSION_KEY_SIZE)
        session = Session(
            id=self._fresh_session_id(),
            key=key,
            keys=derive_keys(key),
            nonce=nonce,
            room=room,
            endpoint=endpoint,
            source=source_of(address),
            max_datagram=max_datagram,
            joined_from=address,
            last_heard=now,
            challenges=TokenBucket(CHALLENGE_RATE, CHALLENGE_RATE, now=now),
            requests=TokenBucket(SEAL_RATE, 2 * SEAL_RATE, now=now),
            regrants=TokenBucket(REGRANT_RATE, 5 * REGRANT_RATE, now=now),
        )
        self._insert(session)
        return session

    def remove_session(self, session: Session, code: int, *, now: float) -> None:
        """Remove a member and leave a tombstone that tells `code`."""
        del self.sessions[session.id]
        del session.room.sessions[session.peer]
        del self._by_attempt[session.attempt]
        self.table.detach(session.endpoint)
        _decrement(self._sessions_by_source, session.source)
        self._bury(session, code, now)
        if session.peer == HOST:
            del self.rooms[session.room.code]
            self.public.remove(session.room.code)
            _decrement(self._rooms_by_source, session.room.source)

    def forget_tombstones(self, *, now: float) -> None:
        """Drop the tombstones whose time is over."""
        while self.tombstones and next(iter(self.tombstones.values())).expires_at <= now:
            self._forget_oldest_tombstone()

    def _insert(self, session: Session) -> None:
        self.sessions[session.id] = session
        session.room.sessions[session.peer] = session
        self._by_attempt[session.attempt] = session
        self.table.attach(session.endpoint)
        self._sessions_by_source[session.source] += 1

    def _bury(self, session: Session, code: int, now: float) -> None:
        if len(self.tombstones) >= MAX_TOMBSTONES:
            self._forget_oldest_tombstone()
        self._ended_attempts.add(session.attempt)
        self.tombstones[session.id] = Tombstone(
            session.id,
            session.endpoint.tag,
            session.keys,
            session.address,
            session.next_seq,
            code,
            now + TOMBSTONE,
            session.attempt,
        )

    def _forget_oldest_tombstone(self) -> None:
        _, tombstone = self.tombstones.popitem(last=False)
        self._ended_attempts.discard(tombstone.attempt)

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


def _decrement(counter: Counter[bytes], source: bytes) -> None:
    counter[source] -= 1
    if not counter[source]:
        del counter[source]
