"""Rooms and the sessions of their members: plain state, no decisions about datagrams."""

import hashlib
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import (
    BANS_PER_ROOM,
    GENERATIONS,
    HISTORY_LENGTH,
    MAX_PEERS_HARD,
    RESULT_CACHE,
    PeerState,
    RoomEventKind,
    Topology,
)
from packhorse.wire.header import HOST
from packhorse.wire.room_code import RoomCode
from packhorse.wire.seal import DirectionKeys, ReplayWindow
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.data_budget import NOTHING, DataRate
from packhorse_relay.core.forwarding import Endpoint, Group
from packhorse_relay.core.settings import Settings

_LAST_PEER: Final = (1 << 31) - 1  # ids have 31 bits and are never given twice (SPEC.md JOIN-6)
_LAST_SEQ: Final = 1 << 31  # half of what 32 bits hold: room for what ending a session still takes
_FIRST_SEQ: Final = 1  # SPEC.md 6.2


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
"""Host and port that CREATE, JOIN or BIND came from, and its nonce."""


def attempt_of(address: TransportAddress, nonce: bytes) -> Attempt:
    """Return what tells an attempt to join from all others: what its cookie is made for.

    The listener is none of it, or a copy that comes by another would be another attempt.
    """
    return address.host, address.port, nonce


def label_of(code: str) -> str:
    """Return four digits for a room where its code must stay secret."""
    return hashlib.sha256(code.encode()).hexdigest()[:4]


class FormerEpoch(NamedTuple):
    """What a session was before BIND: enough to tell another program that it was replaced."""

    tag: int
    keys: DirectionKeys
    expires_at: float


@dataclass(slots=True, eq=False, kw_only=True)
class Session:
    """One member of one room."""

    id: int
    key: bytes
    """From GRANT of CREATE or JOIN; BIND proves it."""
    key_nonce: bytes
    """What `key` follows from, with the relay's secret."""
    keys: DirectionKeys
    """Those of the present epoch."""
    room: "Room"
    endpoint: Endpoint
    source: bytes
    """Whom the limits count it for."""
    max_datagram: int
    attempts: list[Attempt]
    """CREATE or JOIN and each BIND since; the last is the one that counts."""
    last_heard: float
    requests: TokenBucket
    """SEAL datagrams that are acted upon, but for SIGNAL."""
    timers: Settings
    """Those in force when its present epoch began; GRANT told the member."""
    proven_at: float
    """When its address was last seen to receive."""
    approved: "Approved | None" = None
    """The JOIN by which it was admitted after its cookie had become old."""
    consent: bytes = b""
    """Challenge that is open at its address."""
    share: bytes | None = None
    """The relay's share of the present epoch's key; None before the first BIND."""
    former: FormerEpoch | None = None
    check_at: float = 0.0
    """When its lease is looked at next."""
    is_lost: bool = False
    restarts: int = 0
    """How often its program was started again, 0..63 (SPEC.md RES-13)."""
    next_seq: int = 1
    told_rev: int = 0
    """Revision of the room up to which it was sent everything."""
    window: ReplayWindow = field(default_factory=ReplayWindow)
    pending: PendingPath | None = None
    results: dict[int, bytes] = field(default_factory=dict)
    """Sequence number of a request to the ACK it got."""
    asked_at: float | None = None
    """When it was sent what a member answers at once: GRANT, or PATH_CHALLENGE."""
    rtt: float | None = None
    """Seconds between relay and member when it joined, or last changed its address."""

    @property
    def attempt(self) -> Attempt:
        """The request that led to the present epoch, told from all others."""
        return self.attempts[-1]

    @property
    def peer(self) -> int:
        """Peer id, 1 for the host."""
        return self.endpoint.peer

    @property
    def address(self) -> TransportAddress:
        """The proven address."""
        return self.endpoint.address

    @property
    def roster_state(self) -> int:
        """What ROSTER says of it beside its id (SPEC.md 7.3)."""
        state = PeerState.LOST if self.is_lost else PeerState.PRESENT
        return state + len(PeerState) * self.restarts

    def note_restart(self) -> None:
        """Count that its program was started again."""
        self.restarts = (self.restarts + 1) % GENERATIONS

    @property
    def is_used_up(self) -> bool:
        """Tell whether it has to end before the relay runs out of sequence numbers."""
        return self.next_seq > _LAST_SEQ

    def hear_ping(self, seq: int, *, now: float) -> None:
        """Take the first PING for the answer to GRANT: it goes out at once (SPEC.md 8.2)."""
        if seq == _FIRST_SEQ:
            self.measure_rtt(now=now)

    def measure_rtt(self, *, now: float) -> None:
        """Take the answer for the end of a round trip; what was sent twice tells nothing."""
        if self.asked_at is not None:
            self.rtt = now - self.asked_at
            self.asked_at = None

    def take_seq(self) -> int:
        """Return the next sequence number of the relay's direction."""
        seq = self.next_seq
        self.next_seq += 1
        return seq

    def remember_result(self, request: int, answer: bytes) -> None:
        """Keep the answer to a request; the oldest gives way."""
        self.results[request] = answer
        if len(self.results) > RESULT_CACHE:
            del self.results[next(iter(self.results))]


@dataclass(slots=True, eq=False, kw_only=True, weakref_slot=True)
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
    """By peer id."""
    next_peer: int = HOST
    rev: int = 0
    history: list[RoomEvent] = field(default_factory=list)
    """The newest changes."""
    is_recovering: bool = False
    """Taken up again after a restart, and members may still come back."""
    spent_by_former: DataRate = NOTHING
    """Bytes and datagrams that members sent who are gone, every copy counted."""
    barred: frozenset[int] = frozenset()
    """Peer ids that may not come back: the host kicked them while they were away."""
    _bans: dict[bytes, None] = field(default_factory=dict)
    """Sources, the oldest first."""

    @property
    def has_host(self) -> bool:
        """Tell whether the host is a member, lost or not."""
        return HOST in self.sessions

    @property
    def spent(self) -> DataRate:
        """Bytes and datagrams that its members have sent so far, every copy counted."""
        octets, datagrams = self.spent_by_former
        for session in self.sessions.values():
            budget = session.endpoint.budget
            octets += budget.given_octets - budget.octets
            datagrams += budget.given_datagrams - budget.datagrams
        return DataRate(octets, datagrams)

    def remove(self, session: Session) -> None:
        """Take a member out, but remember what it has sent."""
        del self.sessions[session.peer]
        budget, former = session.endpoint.budget, self.spent_by_former
        self.spent_by_former = DataRate(
            former.octets + budget.given_octets - budget.octets,
            former.datagrams + budget.given_datagrams - budget.datagrams,
        )

    @property
    def is_full(self) -> bool:
        """Tell whether no further peer is admitted."""
        return len(self.sessions) >= self.max_peers or self.next_peer > _LAST_PEER

    @property
    def is_guarded(self) -> bool:
        """Tell whether the code alone admits nobody."""
        return self.is_locked or self.needs_approval or self.password_key is not None

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
        del self.history[:-HISTORY_LENGTH]
        return event

    def forget_history(self) -> None:
        """Make a revision that nobody can reach by events: all have to take the roster."""
        self.rev += 1
        self.history.clear()

    def events_since(self, rev: int) -> tuple[RoomEvent, ...] | None:
        """Return the events after `rev`, or None when some are not kept any more."""
        oldest = self.history[0].rev if self.history else self.rev + 1
        if rev == 0 or (rev < self.rev and oldest > rev + 1):
            return None
        return tuple(event for event in self.history if event.rev > rev)

    def roster(self) -> list[tuple[int, int]]:
        """Return peer id, and state and restarts, of every member in ascending peer id."""
        return [(peer, session.roster_state) for peer, session in sorted(self.sessions.items())]

    def bar(self, peer: int) -> bool:
        """Let a peer that is away not come back; False where it cannot anyway."""
        if not self.is_recovering or peer in self.barred or len(self.barred) >= MAX_PEERS_HARD:
            return False
        self.barred |= {peer}
        return True

    def ban(self, source: bytes) -> None:
        """Refuse `source` from now on; the oldest ban gives way."""
        self._bans.pop(source, None)
        self._bans[source] = None
        if len(self._bans) > BANS_PER_ROOM:
            del self._bans[next(iter(self._bans))]

    def is_foreign(self, app: str | None) -> bool:
        """Tell whether a ticket for `app` is one for another application than the room's."""
        return None not in (app, self.app) and app != self.app

    def is_banned(self, source: bytes) -> bool:
        """Tell whether `source` is refused."""
        return source in self._bans
