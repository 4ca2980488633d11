"""The relay against a model: any order of comings, goings, silence, moves, data and nonsense."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import DropReason, ErrorCode, FirstByte, Topology
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Ack, Challenge, Closed, Error, Grant, PathChallenge, Roster
from packhorse_relay.core.forwarding import _route
from tests.support.applicant import Applicant, nonce
from tests.support.deliveries import deliveries
from tests.support.relay_harness import (
    UNLIMITED,
    Outcome,
    RawMember,
    Rig,
    Sent,
    address,
    seeded_bytes,
)
from tests.support.relay_model import Model, ModelMember, ModelRoom

if TYPE_CHECKING:
    from collections.abc import Sized

HOMES = [
    address(1),
    address(1, 40001),
    address(2),
    address(2, listener=1),
    TransportAddress("2001:db8::1", 40000),
    TransportAddress("2001:db8::2", 40000),
]
STRANGERS = [address(90), address(91)]
ANYWHERE = st.sampled_from(HOMES + STRANGERS)
HOME = st.sampled_from(HOMES)
PICK = st.integers(0, 999)
STEP = 14.0  # seconds between the PINGs of members


def few_tags(random_bytes: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Draw tags out of few, so that sessions at different addresses share them."""

    def draw(size: int) -> bytes:
        data = random_bytes(size)
        return bytes([data[0] % 3]) if size == 1 else data

    return draw


def scopes(sources: Iterable[bytes]) -> Counter[bytes]:
    """Count sources, and for IPv6 the /56 and /48 that they are in."""
    return Counter(
        source[:size] for source in sources for size in ((6, 7, 8) if len(source) > 4 else (4,))
    )


class RelayMachine(RuleBasedStateMachine):
    """One relay; what it does is compared with the model after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(UNLIMITED, random_bytes=few_tags(seeded_bytes(0)))
        self.model = Model()
        self.attempts = 0
        self.past: list[tuple[bytes, TransportAddress]] = []
        """Datagrams that were acted upon."""
        self.proven: set[tuple[str, int]] = set()
        """Host and port, whatever the listener."""

    def exchange(self, data: bytes, source: TransportAddress) -> Outcome:
        """Hand in a datagram and check what comes of it, whatever it is."""
        expected = self.model.deliveries(data, source)
        outcome = self.rig.send(data, source)
        self.check_sizes(outcome.sent, {source: len(data)})
        assert sorted(deliveries(outcome.sent)) == sorted(expected)
        return outcome

    def check_sizes(self, sent: list[Sent], paid: dict[TransportAddress, int]) -> None:
        """JOIN-2: an unproven address gets no more bytes than just came from it."""
        sizes = Counter[TransportAddress]()
        for data, to in sent:
            sizes[to] += 0 if to[:2] in self.proven else len(data)
        assert {to: size for to, size in sizes.items() if size > paid.get(to, 0)} == {}

    def member(self, pick: int) -> ModelMember:
        members = self.model.members
        return members[pick % len(members)]

    def applicant(self, at: TransportAddress) -> Applicant:
        self.attempts += 1
        return Applicant(address=at, nonce=nonce(self.attempts))

    def cookie(self, applicant: Applicant) -> bytes:
        """Say HELLO; what follows comes from an address that is proven."""
        hello, at = applicant.hello(), applicant.address
        challenge = self.exchange(hello, at).answer
        assert isinstance(challenge, Challenge)
        self.past.append((hello, at))
        self.proven.add(at[:2])
        return challenge.cookie

    def say(self, member: ModelMember, data: bytes) -> Outcome:
        """Send SEAL from the proven address."""
        outcome = self.exchange(data, member.raw.address)
        member.last_heard = self.rig.now
        self.past.append((data, member.raw.address))
        assert outcome.drop is None
        self.consent(member, outcome)
        return outcome

    def consent(self, member: ModelMember, outcome: Outcome) -> None:
        """Answer PATH_CHALLENGE to the proven address (SPEC.md PATH-4)."""
        for message, to in member.raw.heard_at(outcome.sent):
            if isinstance(message, PathChallenge) and to == member.raw.address:
                self.exchange(member.raw.path_response(message.challenge), to)
                member.proven_at = self.rig.now

    def check_closed(self, ended: list[ModelMember], sent: list[Sent], codes: set[int]) -> None:
        """Each gets CLOSED once, at its proven address."""
        for member in ended:
            heard = member.raw.heard_at(sent)
            closed = [(m.code, to) for m, to in heard if isinstance(m, Closed)]
            assert len(closed) == 1
            assert closed[0][0] in codes
            assert closed[0][1] == member.raw.address

    @initialize(topology=st.sampled_from(Topology), homes=st.lists(HOME, min_size=2, max_size=3))
    def start_with_a_room(self, topology: Topology, homes: list[TransportAddress]) -> None:
        self.create(HOMES[0], topology, 5)
        for home in homes:
            self.join(home, 0)

    @rule(at=HOME, topology=st.sampled_from(Topology), places=st.integers(2, 5))
    def create(self, at: TransportAddress, topology: Topology, places: int) -> None:
        applicant = self.applicant(at)
        data = applicant.create(self.cookie(applicant), topology=topology, max_peers=places)
        source = source_of(at)
        may = self.model.has_quota(source) and self.model.has_room_quota(source)
        outcome = self.exchange(data, at)
        if not may:
            assert outcome.answers == [Error(code=ErrorCode.QUOTA)]
            return
        self.past.append((data, at))
        host = RawMember.granted(self.rig, outcome, at)
        assert host.code not in [room.code for room in self.model.rooms]
        self.model.add(ModelRoom(host.code, topology, places, source), host, self.rig.now)

    @rule(at=HOME, pick=PICK)
    def join(self, at: TransportAddress, pick: int) -> None:
        """JOIN-5, JOIN-6, and ROOM_FULL only to who is admitted."""
        rooms = self.model.live_rooms if pick % 4 else self.model.rooms
        if not rooms:
            return
        room = rooms[pick % len(rooms)]
        applicant = self.applicant(at)
        data = applicant.join(self.cookie(applicant), room.code)
        refusal = self.refusal(room, at)
        outcome = self.exchange(data, at)
        if refusal is not None:
            assert outcome.answers == [Error(code=refusal)]
            return
        self.past.append((data, at))
        member = RawMember.granted(self.rig, outcome, at)
        assert member.peer == room.given[-1] + 1
        self.model.add(room, member, self.rig.now)

    def refusal(self, room: ModelRoom, at: TransportAddress) -> ErrorCode | None:
        """Return why a JOIN should be refused."""
        if not self.model.is_admitted(room, at):
            return ErrorCode.JOIN_DENIED
        if not self.model.has_quota(source_of(at)):
            return ErrorCode.QUOTA
        return ErrorCode.ROOM_FULL if len(room.members) >= room.max_peers else None

    @precondition(lambda self: self.model.members)
    @rule(pick=PICK)
    def leave(self, pick: int) -> None:
        member = self.member(pick)
        outcome = self.say(member, member.raw.leave())
        ended = [each for each in self.model.end(member) if each is not member]
        self.check_closed(ended, outcome.sent, {ErrorCode.ROOM_CLOSED})
        assert [m for m in member.raw.heard(outcome.sent) if isinstance(m, Closed)] == []

    @precondition(lambda self: self.model.members)
    @rule(pick=PICK, peer=st.integers(2, 6), ban=st.booleans())
    def kick(self, pick: int, peer: int, ban: bool) -> None:  # noqa: FBT001
        """SEAL-4: whoever asks, only the host succeeds."""
        member = self.member(pick)
        outcome = self.say(member, member.raw.kick(peer, ban=ban))
        (ack, *_) = (m for m in member.raw.heard(outcome.sent) if isinstance(m, Ack))
        assert ack.code == (0 if member.peer == 1 else ErrorCode.NOT_ALLOWED)
        victim = member.room.members.get(peer)
        if member.peer == 1 and victim is not None:
            if ban:
                victim.room.bans.add(source_of(victim.raw.address))
            self.check_closed(self.model.end(victim), outcome.sent, {ErrorCode.KICKED})

    @precondition(lambda self: self.model.members)
    @rule(
        pick=PICK,
        to=st.integers(-5, 5),
        is_frame=st.booleans(),
        payload=st.binary(min_size=1, max_size=9),
    )
    def send_data(self, pick: int, to: int, is_frame: bool, payload: bytes) -> None:  # noqa: FBT001
        """HDR-2, HDR-3, HDR-4, HDR-5, ROOM-3, ROOM-4."""
        member = self.member(pick)
        data = member.raw.data(to, payload, FirstByte.FRAME if is_frame else FirstByte.DATA)
        outcome = self.exchange(data, member.raw.address)
        self.past.append((data, member.raw.address))
        assert (outcome.drop is None) is bool(outcome.sent)

    @precondition(lambda self: self.model.members)
    @rule(pick=PICK, at=ANYWHERE, to=st.integers(-3, 3))
    def forge_data(self, pick: int, at: TransportAddress, to: int) -> None:
        """The model knows whose address and tag it is, if anybody's."""
        self.exchange(self.member(pick).raw.data(to), at)

    @precondition(lambda self: self.model.members)
    @rule(pick=PICK)
    def toggle_silence(self, pick: int) -> None:
        member = self.member(pick)
        member.speaks = not member.speaks

    @rule(seconds=st.sampled_from([0.5, 3.0, 15.0, 16.0, 46.0, 61.0, 121.0]))
    def pass_time(self, seconds: float) -> None:
        until = self.rig.now + seconds
        while self.rig.now < until:
            self.idle(min(STEP, until - self.rig.now))
            for member in self.model.members:
                if member.speaks:
                    self.say(member, member.raw.ping())

    def idle(self, seconds: float) -> None:
        """Let time pass in which nobody speaks."""
        sent = self.rig.advance(seconds)
        self.check_sizes(sent, {})
        ended = self.model.expire(self.rig.now)
        self.check_closed(ended, sent, {ErrorCode.LEASE_EXPIRED, ErrorCode.HOST_LOST})

    @precondition(lambda self: self.model.members)
    @rule(pick=PICK, to=ANYWHERE, is_right=st.booleans())
    def move(self, pick: int, to: TransportAddress, is_right: bool) -> None:  # noqa: FBT001
        """PATH-1, PATH-2."""
        self.pass_time(1.0)
        if not self.model.members:
            return
        member = self.member(pick)
        if to == member.raw.address:
            return
        challenge = self.challenge_at(member, to)
        moves = is_right and not self.model.is_tag_taken(member.raw.grant.tag, to)
        if moves:
            self.proven.add(to[:2])
        proof = member.raw.path_response(challenge if is_right else bytes(8))
        outcome = self.exchange(proof, to)
        assert outcome.drop is (None if moves else DropReason.PATH_UNPROVEN)
        if moves:
            member.raw.address = to
            member.proven_at = self.rig.now
            self.past.append((proof, to))

    def challenge_at(self, member: ModelMember, to: TransportAddress) -> bytes:
        """Send PING from another address; returns what has to be proven."""
        ping = member.raw.ping()
        outcome = self.exchange(ping, to)
        member.last_heard = self.rig.now
        self.past.append((ping, to))
        ((challenge, sent_to),) = (
            (m, at) for m, at in member.raw.heard_at(outcome.sent) if isinstance(m, PathChallenge)
        )
        assert sent_to == to
        return challenge.challenge

    @precondition(lambda self: self.model.members)
    @rule(pick=PICK)
    def sync(self, pick: int) -> None:
        member = self.member(pick)
        outcome = self.say(member, member.raw.sync(0))
        rosters = [m for m in member.raw.heard(outcome.sent) if isinstance(m, Roster)]
        assert [list(roster.peers) for roster in rosters] == [member.room.roster(self.rig.now)]

    @rule(data=st.binary(max_size=80), at=ANYWHERE, first=st.sampled_from(b"\x00\xa4\xa5\xa6\xa7"))
    def send_nonsense(self, data: bytes, at: TransportAddress, first: int) -> None:
        self.check_harmless(bytes([first]) + data, at)

    @precondition(lambda self: self.past)
    @rule(pick=PICK, at=st.none() | ANYWHERE)
    def repeat(self, pick: int, at: TransportAddress | None) -> None:
        """SEAL-2, JOIN-4: whatever was acted upon, a copy of it changes nothing."""
        data, source = self.past[pick % len(self.past)]
        self.check_harmless(data, at or source)

    @precondition(lambda self: self.past)
    @rule(pick=PICK, where=st.integers(0, 2000), bit=st.integers(0, 7))
    def repeat_altered(self, pick: int, where: int, bit: int) -> None:
        data, source = self.past[pick % len(self.past)]
        where %= len(data)
        altered = data[:where] + bytes([data[where] ^ 1 << bit]) + data[where + 1 :]
        self.check_harmless(altered, source)

    def check_harmless(self, data: bytes, at: TransportAddress) -> None:
        """Check that a datagram changes neither sessions nor rooms."""
        self.idle(0.25)  # so that a lease that is renewed shows
        before = self.state()
        granted = {session for session, *_ in before}
        outcome = self.exchange(data, at)
        assert self.state() == before
        assert {a.session for a in outcome.answers if isinstance(a, Grant)} <= granted

    def state(self) -> list[tuple[object, ...]]:
        return [
            (s.id, s.address, s.is_lost, s.last_heard, s.room.code, s.room.rev, len(s.room._bans))
            for s in self.rig.core._registry.sessions.values()
        ]

    @invariant()
    def members_are_those_of_the_model(self) -> None:
        """JOIN-6 too: no id is given twice in the life of a room."""
        registry = self.rig.core._registry
        alive = {member.raw.grant.session: member for member in self.model.members}
        assert registry.sessions.keys() == alive.keys()
        for session_id, member in alive.items():
            session = registry.sessions[session_id]
            assert (session.peer, session.address) == (member.peer, member.raw.address)
            assert session.is_lost is member.is_lost(self.rig.now)
        for room in self.model.rooms:
            assert room.given == list(range(1, len(room.given) + 1))

    @invariant()
    def tables_agree_with_each_other(self) -> None:
        registry = self.rig.core._registry
        sessions = list(registry.sessions.values())
        assert registry._sessions_by_source == scopes(s.source for s in sessions)
        assert registry._rooms_by_source == scopes(r.source for r in registry.rooms.values())
        assert {a for s in sessions for a in s.attempts} == registry._by_attempt.keys()
        ended = {a for tombstone in registry.tombstones.values() for a in tombstone.attempts}
        assert ended == registry._ended_attempts
        assert {s.endpoint for s in sessions} == set(registry.table._endpoints.values())
        assert registry.rooms.keys() == {room.code for room in self.model.live_rooms}
        for room in registry.rooms.values():
            endpoints = {peer: session.endpoint for peer, session in room.sessions.items()}
            assert room.group.endpoints == endpoints

    @invariant()
    def standing_routes_are_what_a_fresh_look_gives(self) -> None:
        """And only live endpoints have any."""
        table = self.rig.core.table
        for listener, by_address in table.routes.items():
            for (host, port), by_header in by_address.items():
                for header_bytes, route in by_header.items():
                    header = decode_header(header_bytes + b"x")
                    at = TransportAddress(host, port, listener)
                    assert _route(table._endpoints[at, header.tag], header) == route

    @invariant()
    def lease_checks_do_not_pile_up(self) -> None:
        """LIM-1."""
        core = self.rig.core
        assert len(core._members._checks) <= 2 * core.session_count + 64 + 1

    def teardown(self) -> None:
        """Everything ends by itself."""
        self.check_sizes(self.rig.advance(300), {})
        registry = self.rig.core._registry
        tables: list[Sized] = [registry.sessions, registry.rooms, registry.tombstones]
        tables += [registry._sessions_by_source, registry._rooms_by_source, registry.table]
        tables += [registry._by_attempt, registry._ended_attempts]
        tables += registry.table.routes.values()
        assert [len(table) for table in tables] == [0] * len(tables)
        assert self.rig.core.next_timeout() is None


RelayMachine.TestCase.settings = settings(stateful_step_count=30)
TestRelayModel = RelayMachine.TestCase
