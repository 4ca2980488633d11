"""A relay core, some members with keys and some strangers, driven by a script.

The one place that knows how `RelayCore` is made and what it may hold at most.
"""

import hmac
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.binding import epoch_key, is_valid_grant
from packhorse.wire.constants import DropReason, FirstByte, Topology
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header, encode_header
from packhorse.wire.legacy import encode_legacy
from packhorse.wire.messages import Challenge, Grant, PathChallenge
from packhorse.wire.seal import decode_seal, derive_keys
from packhorse_relay.core.buckets import scopes_of
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.relay import RelayCore
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.settings import Settings
from tests.fuzz.oracles import advance, check, decoded
from tests.fuzz.script import Script
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import SECRET, Binding
from tests.support.relay_harness import Outcome, RawMember, Rig, Sent, seeded_bytes

SOURCES: Final = (
    TransportAddress("198.18.0.1", 40000),
    TransportAddress("198.18.0.1", 40001),
    TransportAddress("198.18.0.2", 40000),
    TransportAddress("2001:db8:0:1::1", 40000, 1),
    TransportAddress("2001:db8:0:2::1", 40000, 1),
    TransportAddress("203.0.113.9", 40000),
)
_TIGHT: Final = Settings(
    max_rooms=2,
    max_sessions=5,
    rooms_per_source=1,
    sessions_per_source=3,
    max_peers=3,
    join_failures=1,
    client_byte_rate=2000,
    client_datagram_rate=5,
)
_SETTINGS: Final = (Settings(), _TIGHT, Settings(reply_rate=2, reply_rate_total=30))
_WAITS: Final = (1.0, 5.0, 16.0, 61.0, 301.0, 3601.0)  # seconds
_NO_ROOM: Final = "00000000"
_STALE_CHECKS: Final = 64
_LAST_SEQ: Final = (1 << 32) - 1000  # a script has no more steps than are left


class RelayWorld:
    """What a script can do to a relay, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        options = script.number()
        self._settings = _SETTINGS[options % len(_SETTINGS)]
        self._has_legacy = bool(options & 0x80)
        self._rig = Rig(self._settings)
        self._runs = 0
        self._members: list[RawMember] = []
        self._cookies: dict[TransportAddress, bytes] = {}
        self._secrets: defaultdict[TransportAddress, set[bytes]] = defaultdict(set)
        self._proven: set[TransportAddress] = set()
        self._challenges: dict[int, bytes] = {}
        self._given: list[tuple[bytes, TransportAddress]] = []
        self._start_relay()
        if options & 0x40:
            self._open_room(Topology(options >> 5 & 1))

    @property
    def steps(self) -> dict[str, Callable[[Script], None]]:
        """What a script can do, by name; append new ones, or the corpus means other things."""
        return {
            "raw": self._give_raw,
            "tick": lambda script: self._pass(script.number() / 16),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "early": lambda _: self._rig.core.handle_timeout(now=self._rig.now),
            "hello": self._say_hello,
            "create": self._ask_to_create,
            "join": self._ask_to_join,
            "body": self._give_body,
            "signed": self._give_signed_body,
            "ping": lambda script: self._say(script, lambda member: member.ping()),
            "sync": lambda script: self._say(script, lambda member: member.sync(script.number())),
            "leave": lambda script: self._say(script, lambda member: member.leave()),
            "kick": self._kick,
            "prove": self._prove,
            "data": self._send_data,
            "again": self._give_again,
            "legacy": self._give_legacy,
            "skip": self._skip_numbers,
            "wear": self._wear_out,
            "bind": self._bind,
            "restart": lambda _: self._start_relay(),
            "consent": self._consent,
        }

    def finish(self) -> None:
        """Look at what is left, then at what is left after a long silence."""
        self._check_routes()
        self._pass(2 * max(_WAITS))
        self._pass(2 * max(_WAITS))
        core = self._rig.core
        check((core.room_count, core.session_count, len(core.table)) == (0, 0, 0), "leases end")
        check(core.next_timeout() is None, "a deadline of nothing")
        core.close(now=self._rig.now)

    # Steps.

    def _give_raw(self, script: Script) -> None:
        self._give(script.blob(), script.pick(SOURCES))

    def _give_body(self, script: Script) -> None:
        header = encode_header(FirstByte.CTRL, 0, script.number())
        self._give(header + script.blob(), script.pick(SOURCES))

    def _say_hello(self, script: Script) -> None:
        applicant = self._applicant(script)
        self._give(applicant.hello(), applicant.address)

    def _ask_to_create(self, script: Script) -> None:
        applicant, options = self._applicant(script), script.number()
        cookie = self._cookies.get(applicant.address, bytes(c.COOKIE_SIZE))
        topology = options % 2 if options & 0x10 else None
        max_peers = 2 + (options & 0xF) if options & 0x20 else None
        create = applicant.create(cookie, topology=topology, max_peers=max_peers)
        self._apply(create, applicant)

    def _ask_to_join(self, script: Script) -> None:
        applicant, number = self._applicant(script), script.number()
        cookie = self._cookies.get(applicant.address, bytes(c.COOKIE_SIZE))
        codes = [member.code for member in self._members if number < 0x80] or [_NO_ROOM]
        self._apply(applicant.join(cookie, codes[number % len(codes)]), applicant)

    def _give_signed_body(self, script: Script) -> None:
        member, body = self._member(script), script.blob()
        if member is not None:
            grant = member.grant
            signed = encode_header(FirstByte.SEAL, grant.tag, grant.session) + body
            mac = hmac.digest(member.keys.member_to_relay, signed, "sha256")[: c.MAC_SIZE]
            self._give(signed + mac, self._source_for(member, script))

    def _say(self, script: Script, make: Callable[[RawMember], bytes]) -> None:
        member = self._member(script)
        if member is not None:
            self._give(make(member), self._source_for(member, script))

    def _kick(self, script: Script) -> None:
        victim = script.number()
        self._say(script, lambda member: member.kick(2 + (victim & 0x7F), ban=bool(victim & 0x80)))

    def _prove(self, script: Script) -> None:
        """Ping from another address, and answer the challenge that comes there."""
        member, source = self._member(script), script.pick(SOURCES)
        if member is None:
            return
        outcome = self._give(member.ping(), source)
        for message, to in _challenges_to(member, outcome.sent):
            if to == source:
                self._give(member.path_response(message.challenge), source)
                member.address = source

    def _send_data(self, script: Script) -> None:
        first = script.pick((FirstByte.DATA, FirstByte.FRAME))
        destination, size = script.number() - 128, script.number(2) % 1500
        self._say(script, lambda member: member.data(destination, bytes(size), first))

    def _give_again(self, script: Script) -> None:
        """Replay an earlier datagram, perhaps from elsewhere, perhaps with a byte changed."""
        index, change, at = script.number(), script.number(), script.number(2)
        source = script.pick(SOURCES)
        if self._given:
            data = bytearray(self._given[-1 - index % len(self._given)][0])
            if data:
                data[at % len(data)] ^= change
            self._give(bytes(data), source)

    def _give_legacy(self, script: Script) -> None:
        self._give(encode_legacy(1 + script.number(), script.blob()), script.pick(SOURCES))

    def _skip_numbers(self, script: Script) -> None:
        member = self._member(script)
        if member is not None:
            member.next_seq = min(member.next_seq + script.number(4), _LAST_SEQ)

    def _wear_out(self, script: Script) -> None:
        """Let a session of the relay come near its last sequence number."""
        sessions = list(self._rig.core._registry.sessions.values())
        if sessions:
            script.pick(sessions).next_seq = (1 << 31) - 1

    def _bind(self, script: Script) -> None:
        """Take a session up again, perhaps with a wrong key or without its ticket."""
        member, source = self._member(script), script.pick(SOURCES)
        number, options = script.number(), script.number()
        if member is None:
            return
        applicant = Applicant(address=source, nonce=nonce(number))
        self._give(applicant.hello(), source)
        binding = Binding.of(member, source, number)
        binding = replace(
            binding,
            restarted=True if options & 1 else None,
            ticket=None if options & 2 else binding.ticket,
            key=bytes(32) if options & 4 else binding.key,
        )
        cookie = self._cookies.get(source, bytes(c.COOKIE_SIZE))
        outcome = self._give(binding.datagram(self._rig, cookie), source)
        for grant in [answer for answer in outcome.answers if isinstance(answer, Grant)]:
            epoch = epoch_key(member.grant.key, applicant.nonce, grant.key)
            check(is_valid_grant(grant, epoch), "a session for somebody without its key")
            ticket = grant.resume_ticket or member.grant.resume_ticket
            granted = replace(grant, key=member.grant.key, resume_ticket=ticket)
            self._members.append(RawMember(self._rig, source, granted, derive_keys(epoch)))

    def _consent(self, script: Script) -> None:
        """Answer the newest challenge of a session, from its own address or another."""
        self._say(script, lambda member: member.path_response(self._challenge_of(member)))

    # Parts of steps.

    def _start_relay(self) -> None:
        """Start a run of the relay, which knows nothing but the secret of those before."""
        rig = self._rig
        self._runs += 1
        rig.core = RelayCore(
            self._settings,
            seeded_bytes(f"run {self._runs}"),
            LegacyRoom() if self._has_legacy else None,
            secret=SECRET,
            unix_now=rig.now + 1e9,
            now=rig.now,
        )
        self._cookies.clear()
        self._secrets.clear()
        self._proven.clear()

    def _challenge_of(self, member: RawMember) -> bytes:
        return self._challenges.get(member.grant.session, bytes(c.CHALLENGE_SIZE))

    def _open_room(self, topology: Topology) -> None:
        for number, source in enumerate(SOURCES[:3]):
            applicant = Applicant(address=source, nonce=nonce(1000 + number))
            self._give(applicant.hello(), source)
            cookie = self._cookies[source]
            host = self._members[0] if self._members else None
            code = host.code if host else ""
            join = applicant.join(cookie, code)
            self._apply(join if host else applicant.create(cookie, topology=topology), applicant)

    def _applicant(self, script: Script) -> Applicant:
        return Applicant(address=script.pick(SOURCES), nonce=nonce(script.number()))

    def _member(self, script: Script) -> RawMember | None:
        number = script.number()
        return self._members[number % len(self._members)] if self._members else None

    def _source_for(self, member: RawMember, script: Script) -> TransportAddress:
        number = script.number()
        return SOURCES[number % len(SOURCES)] if number & 0x80 else member.address

    def _apply(self, request: bytes, applicant: Applicant) -> None:
        outcome = self._give(request, applicant.address)
        if any(isinstance(answer, Grant) for answer in outcome.answers):
            self._members.append(RawMember.granted(self._rig, outcome, applicant.address))

    def _give(self, data: bytes, source: TransportAddress) -> Outcome:
        """Hand a datagram to the relay; its answers must be paid for (JOIN-2)."""
        self._given.append((data, source))
        if any(secret in data for secret in self._secrets[source]):
            self._proven.add(source)
        outcome = self._rig.send(data, source)
        check(outcome.drop is None or isinstance(outcome.drop, DropReason), "drop reason")
        self._check_sizes(outcome.sent, data, source)
        self._note(outcome.sent)
        self._check_bounds()
        return outcome

    def _pass(self, seconds: float) -> None:
        rig, until = self._rig, self._rig.now + seconds
        advance(rig.core, self._drain, now=rig.now, until=until)
        rig.now = until
        self._check_bounds()

    def _drain(self, now: float) -> None:
        self._rig.now = now
        sent = self._rig.drain()
        strangers = {to for _, to in sent if to not in self._proven}
        check(self._has_legacy or not strangers, "a timeout sends to a stranger")
        self._note(sent)

    def _note(self, sent: list[Sent]) -> None:
        """Remember the secrets that an address was sent: who repeats one is there."""
        for data, to in sent:
            if data[0] == FirstByte.CTRL:
                message = decode_ctrl(data, Sender.RELAY)
                if isinstance(message, Challenge):
                    self._cookies[to] = message.cookie
                    self._secrets[to].add(message.cookie)
        for member in self._members:
            for sealed, to in _challenges_to(member, sent):
                self._secrets[to].add(sealed.challenge)
                self._challenges[member.grant.session] = sealed.challenge

    # What must hold.

    def _check_sizes(self, sent: list[Sent], request: bytes, source: TransportAddress) -> None:
        octets: defaultdict[TransportAddress, int] = defaultdict(int)
        for data, to in sent:
            check(c.HEADER_SIZE <= len(data) <= c.MAX_DATAGRAM, "size of a datagram")
            octets[to] += len(data)
        for to, count in octets.items():
            if to not in self._proven:
                check(count <= len(request), "more bytes to a stranger than came")
                check(to == source or self._has_legacy, "bytes to a stranger who said nothing")

    def _check_bounds(self) -> None:
        core, settings = self._rig.core, self._settings
        check(core.room_count <= settings.max_rooms, "rooms")
        check(core.session_count <= settings.max_sessions, "sessions")
        check(len(core.table) == core.session_count, "forwarding table")
        events = 0
        while core.next_event() is not None:
            events += 1
        check(events <= 2 * (settings.max_sessions + 1), "events")
        self._check_inside()

    def _check_inside(self) -> None:
        registry, members = self._rig.core._registry, self._rig.core._members
        check(len(registry.tombstones) <= c.MAX_TOMBSTONES, "tombstones")
        ended = [attempt for each in registry.tombstones.values() for attempt in each.attempts]
        check(registry._ended_attempts == set(ended), "ended attempts")
        begun = sum(len(session.attempts) for session in registry.sessions.values())
        check(len(registry._by_attempt) == begun, "attempts")
        check(all(len(s.attempts) <= c.MAX_ATTEMPTS for s in registry.sessions.values()), "binds")
        rooms, sessions = registry.rooms.values(), registry.sessions.values()
        check(registry._rooms_by_source == _by_scope(each.source for each in rooms), "room quota")
        check(registry._sessions_by_source == _by_scope(s.source for s in sessions), "quota")
        check(len(members._checks) <= 2 * len(registry.sessions) + _STALE_CHECKS + 1, "checks")
        for room in registry.rooms.values():
            check(1 in room.sessions or self._runs > 1, "a room without a host")
            check(len(room.sessions) <= max(room.max_peers, room.most_peers), "members")
            check(len(room.history) <= c.HISTORY_LENGTH, "history")
            check(all(s.next_seq <= 1 << 32 for s in room.sessions.values()), "numbers")

    def _check_routes(self) -> None:
        """See that a data plane forwards as the core does."""
        table = self._rig.core.table
        kept = [
            (TransportAddress(*address, listener), header, route)
            for listener, by_address in table.routes.items()
            for address, routes in by_address.items()
            for header, route in routes.items()
        ]
        for source, header, route in kept:
            data = header + b"x"
            try:
                fresh = table.resolve(data, decode_header(data), source)
            except DatagramDropped:
                fresh = None
            check(fresh is not None and fresh == route, "a stale route")


def _challenges_to(
    member: RawMember, sent: Iterable[Sent]
) -> Iterator[tuple[PathChallenge, TransportAddress]]:
    """Yield what a member can read of what was sent; its keys may be of an earlier epoch."""
    key = member.keys.relay_to_member
    for data, to in sent:
        if data[0] == FirstByte.SEAL and decode_header(data).word == member.grant.session:
            message = decoded(lambda: decode_seal(data, key, Sender.RELAY))  # noqa: B023
            if isinstance(message, PathChallenge):
                yield message, to


def _by_scope(sources: Iterable[bytes]) -> Counter[bytes]:
    return Counter(scope.key for source in sources for scope in scopes_of(source))
