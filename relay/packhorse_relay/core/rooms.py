"""Rooms and the sessions of their members: plain state, no decisions about datagrams."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import (
    BANS_PER_ROOM,
    HISTORY_LENGTH,
    RESULT_CACHE,
    PeerState,
    RoomEventKind,
    Topology,
)
from packhorse.wire.room_code import RoomCode
from packhorse.wire.seal import DirectionKeys, ReplayWindow
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.forwarding import Endpoint, Group

HOST: Final = 1  # peer id
_LAST_PEER: Final = (1 << 31) - 1  # ids have 31 bits and are never given twice (SPEC.md JOIN-6)
_LAST_SEQ: Final = 1 << 31  # half of what 32 bits hold: room for what ending a session still takes


class RoomEvent(NamedTuple):
    """One change of a room, as EVENTS carries it."""

    rev: int
    kind: int
    peer: int
    code: int


class Approved(NamedTuple):
    """A cookie that still counts for a repeated JOIN, because the host took its time."""

    cookie: bytes
    until: float


class PendingPath(NamedTuple):
    """A new address that has to prove itself."""

    address: TransportAddress
    challenge: bytes
    ping: int
    """Sequence number of the PING that came from there."""
    expires_at: float


Attempt = tuple[str, int, bytes]
"""Host and port that CREATE or JOIN came from, and its nonce."""


def attempt_of(address: TransportAddress, nonce: bytes) -> Attempt:
    """Return what tells an attempt to join from all others: what its cookie is made for.

    The listener is none of it, or a copy that comes by another would be another attempt.
    """
    return address.host, address.port, nonce


@dataclass(slots=True, eq=False, kw_only=True)
class Session:
    """One member of one room."""

    id: int
    key: bytes
    keys: DirectionKeys
    nonce: bytes
    room: "Room"
    endpoint: Endpoint
    source: bytes
    """Whom the limits count it for."""
    max_datagram: int
    joined_from: TransportAddress
    last_heard: float
    challenges: TokenBucket
    requests: TokenBucket
    """SEAL datagrams that are acted upon."""
    regrants: TokenBucket
    """Answers to repeated CREATE and JOIN."""
    approved: "Approved | None" = None
    """The JOIN by which it was admitted after its cookie had become old."""
    check_at: float = 0.0
    """When its lease is looked at next."""
    is_lost: bool = False
    next_seq: int = 1
    window: ReplayWindow = field(default_factory=ReplayWindow)
    pending: PendingPath | None = None
    results: "OrderedDict[int, bytes]" = field(default_factory=OrderedDict)
    """Sequence number of a request to the ACK it got."""

    @property
    def attempt(self) -> Attempt:
        """How the member's CREATE or JOIN is told from all others."""
        return attempt_of(self.joined_from, self.nonce)

    @property
    def peer(self) -> int:
        """Peer id, 1 for the host."""
        return self.endpoint.peer

    @property
    def address(self) -> TransportAddress:
        """The proven address."""
        return self.endpoint.address

    @property
    def is_used_up(self) -> bool:
        """Tell whether it has to end before the relay runs out of sequence numbers."""
        return self.next_seq > _LAST_SEQ

    def take_seq(self) -> int:
        """Return the next sequence number of the relay's direction."""
        seq = self.next_seq
        self.next_seq += 1
        return seq

    def remember_result(self, request: int, answer: bytes) -> None:
        """Keep the answer to a request; the oldest gives way."""
        self.results[request] = answer
        if len(self.results) > RESULT_CACHE:
            self.results.popitem(last=False)


@dataclass(slots=True, eq=False, kw_only=True)
class Room:
    """One room: members by peer id, and what happened to them by revision."""

    code: RoomCode
    topology: Topology
    max_peers: int
    most_peers: int
    """What the host may ask for at most."""
    source: bytes
    """Who created it, for the limits."""
    group: Group
    app: str | None = None
    """Application of the ticket that created it; None without a ticket."""
    needs_approval: bool = False
    """The host decides about each who wants to join."""
    metadata: bytes = b""
    """What the host says about it in the list of public rooms."""
    next_request: int = 0
    """Number of the last request that waited for the host."""
    is_locked: bool = False
    """Nobody is admitted."""
    password_key: bytes | None = None
    """What who joins has to prove; None for nothing."""
    sessions: dict[int, Session] = field(default_factory=dict)
    """By peer id, ascending."""
    next_peer: int = HOST
    rev: int = 0
    history: deque[RoomEvent] = field(default_factory=lambda: deque(maxlen=HISTORY_LENGTH))
    _bans: "OrderedDict[bytes, None]" = field(default_factory=OrderedDict)

    @property
    def is_full(self) -> bool:
        """Tell whether no further peer is admitted."""
        return len(self.sessions) >= self.max_peers or self.next_peer > _LAST_PEER

    def take_peer(self) -> int:
        """Return the next peer id; ids are never given twice (SPEC.md JOIN-6)."""
        peer = self.next_peer
        self.next_peer += 1
        return peer

    def record(self, kind: RoomEventKind, peer: int, code: int = 0) -> RoomEvent:
        """Make the next revision out of a change."""
        self.rev += 1
        event = RoomEvent(self.rev, kind, peer, code)
        self.history.append(event)
        return event

    def events_since(self, rev: int) -> tuple[RoomEvent, ...] | None:
        """Return the events after `rev`, or None when some are not kept any more."""
        if rev == 0 or (rev < self.rev and self.history[0].rev > rev + 1):
            return None
        return tuple(event for event in self.history if event.rev > rev)

    def roster(self) -> list[tuple[int, int]]:
        """Return (peer id, state) of every member in ascending peer id."""
        states = {False: PeerState.PRESENT, True: PeerState.LOST}
        return [(peer, int(states[s.is_lost])) for peer, s in self.sessions.items()]

    def ban(self, source: bytes) -> None:
        """Refuse `source` from now on; the oldest ban gives way."""
        self._bans[source] = None
        self._bans.move_to_end(source)
        if len(self._bans) > BANS_PER_ROOM:
            self._bans.popitem(last=False)

    def is_foreign(self, app: str | None) -> bool:
        """Tell whether a ticket for `app` is one for another application than the room's."""
        return None not in (app, self.app) and app != self.app

    def is_banned(self, source: bytes) -> bool:
        """Tell whether `source` is refused."""
        return source in self._bans
