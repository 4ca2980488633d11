"""HELLO, CREATE, JOIN and LIST_ROOMS: who becomes a member, and at what cost to the relay."""

import hmac
from collections.abc import Callable
from typing import Final, Never

from packhorse.wire import constants as c
from packhorse.wire.address import encode_address, source_of
from packhorse.wire.constants import DropReason, ErrorCode, Topology
from packhorse.wire.cookie import Offer, is_valid_cookie, make_cookie
from packhorse.wire.ctrl import encode_ctrl, encode_error, encode_padded
from packhorse.wire.messages import (
    Bind,
    Challenge,
    Create,
    Error,
    Grant,
    Hello,
    Join,
    ListRooms,
    Message,
    Pending,
    RoomList,
)
from packhorse.wire.ticket import Permission
from packhorse_relay.core.approval import Approvals, Waiting
from packhorse_relay.core.blocks import JoinFailures
from packhorse_relay.core.buckets import MINUTE, SourceBuckets, TokenBucket
from packhorse_relay.core.ctrl_start import Proof, proof_of
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.greetings import BURST, Greetings
from packhorse_relay.core.members import Members
from packhorse_relay.core.outbox import Answer, Outbox
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.request import Request
from packhorse_relay.core.rooms import Approved, Room, Session
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.tickets import Gate, Pass

_BIND_BURST: Final = 32.0  # seconds' worth of BINDs at once: all sessions of a source, twice
_LIST_BURST: Final = 4.0  # seconds' worth of LIST_ROOMS that may come at once
_HOST_WAIT: Final = 1.0  # seconds; when to ask again for a room whose host is to come back
_ROOM_LIST_OVERHEAD: Final = 15  # bytes around the entries: header, map, type, length, `more`
_LONGEST_WAIT: Final = 3600.0  # seconds; what retry_after_ms can say


class Admission:
    """Answers the CTRL requests of those who are no members yet."""

    def __init__(  # noqa: PLR0913 - the parts of the relay
        self,
        settings: Settings,
        registry: Registry,
        members: Members,
        outbox: Outbox,
        gate: Gate,
        random_bytes: Callable[[int], bytes],
        *,
        approvals: Approvals,
        stream_listener: int | None,
        now: float,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._members = members
        self._outbox = outbox
        self._gate = gate
        self._approvals = approvals
        approvals.admit = self._admit_waiting
        approvals.refuse = self._refuse_waiting
        self._secret = random_bytes(32)
        # A clock that starts with the machine would tell strangers for how long it runs.
        self._cookie_clock = int.from_bytes(random_bytes(4), "big") / 2  # seconds ahead of ours
        self._greetings = Greetings(settings, outbox, random_bytes, stream_listener)
        self._attempts = SourceBuckets(settings.hello_rate, settings.hello_rate * BURST)
        self._creates = SourceBuckets(settings.create_rate / MINUTE, settings.create_rate)
        self._joins = SourceBuckets(settings.join_rate / MINUTE, settings.join_rate)
        self._binds = SourceBuckets(settings.bind_rate, settings.bind_rate * _BIND_BURST)
        self._lists = SourceBuckets(c.LIST_RATE, c.LIST_RATE * _LIST_BURST)
        self._failures = JoinFailures(
            settings.join_failures, settings.block_first, settings.block_longest
        )
        total = settings.join_failures_total
        self._guesses = TokenBucket(total, total, now=now)
        self._reserve = TokenBucket(total, total, now=now)

    def screen(self, message_class: type[Message], request: Request) -> None:
        """Refuse what can be refused before the rest is decoded (SPEC.md section 5).

        Raises:
            DatagramDropped: Its cookie is wrong, its source is over a limit, or it is a
                HELLO without padding.
            ParseError: Another request without a cookie where it must be.
        """
        if message_class is Hello:
            self._greetings.screen(request)
            return
        self._check_cookie(proof_of(request.data), request)
        if message_class is ListRooms:
            self._check_rate(self._lists, request)
        elif message_class is Bind:
            self._check_rate(self._binds, request)
        elif not self._attempts.take(source_of(request.source), now=request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)

    def change_settings(self, settings: Settings, *, now: float) -> None:
        """Go by other limits from now on."""
        self._settings = settings
        self._greetings.change_settings(settings)
        self._attempts.change_rate(settings.hello_rate, settings.hello_rate * BURST)
        self._binds.change_rate(settings.bind_rate, settings.bind_rate * _BIND_BURST)
        self._creates.change_rate(settings.create_rate / MINUTE, settings.create_rate)
        self._joins.change_rate(settings.join_rate / MINUTE, settings.join_rate)
        self._failures.change_rate(
            settings.join_failures, settings.block_first, settings.block_longest
        )
        total = settings.join_failures_total
        self._guesses.change_rate(total, total, now=now)
        self._reserve.change_rate(total, total, now=now)

    def hello(self, hello: Hello, request: Request) -> None:
        """Answer HELLO with a cookie and forget it (SPEC.md section 5)."""
        if not hello.version_min <= c.WIRE_VERSION <= hello.version_max:
            error = Error(
                code=ErrorCode.UNSUPPORTED_VERSION,
                version_min=c.WIRE_VERSION,
                version_max=c.WIRE_VERSION,
            )
            self._outbox.send(encode_ctrl(error, request.transaction), request.source)
            raise DatagramDropped(DropReason.NO_COMMON_VERSION)
        offer = Offer(hello.version_min, hello.version_max, hello.features)
        challenge = Challenge(
            version=c.WIRE_VERSION,
            features=hello.features & c.KNOWN_FEATURES,
            cookie=make_cookie(
                self._secret,
                request.source,
                hello.nonce,
                offer,
                now=request.now + self._cookie_clock,
            ),
        )
        self._outbox.send(encode_ctrl(challenge, request.transaction), request.source)

    def create(self, create: Create, request: Request, *, is_draining: bool = False) -> None:
        """Open a room for a proven address (SPEC.md section 5)."""
        if self._is_repeated(create, request):
            return
        if is_draining:
            self._refuse(ErrorCode.DRAINING, request)
        self._check_rate(self._creates, request)
        allowed = self._check_gate(create, Permission.CREATE, request)
        source = source_of(request.source)
        if self._registry.is_full_for_room() or self._registry.is_full_for_session():
            self._refuse(ErrorCode.RELAY_FULL, request)
        if not self._registry.has_room_quota(source):
            self._members.close_lost_room(source, now=request.now)
        has_quota = self._registry.has_session_quota(request.source)
        if not (has_quota and self._registry.has_room_quota(source)):
            self._refuse(ErrorCode.QUOTA, request)
        topology = Topology(create.topology or 0)
        most = min(allowed.max_peers or self._settings.max_peers, self._settings.max_peers)
        places = min(create.max_peers or most, most)
        room = self._registry.add_room(source, topology, places, most)
        room.app = allowed.app
        room.is_locked = create.locked or False
        self._admit(room, create, request)

    def join(self, join: Join, request: Request) -> None:
        """Add a proven address to a room (SPEC.md section 5)."""
        if self._is_waiting(join, request) or self._is_repeated(join, request):
            return
        self._check_rate(self._joins, request)
        allowed = self._check_gate(join, Permission.JOIN, request)
        self._check_guesses(request)
        room = self._registry.room_for(join, source_of(request.source), allowed.app)
        if room is None:
            self._deny(request)
        if not room.has_host:
            self._refuse(ErrorCode.RATE_LIMITED, request, retry_after=_HOST_WAIT)
        if self._registry.is_full_for_session():
            self._refuse(ErrorCode.RELAY_FULL, request)
        if not self._registry.has_session_quota(request.source):
            self._refuse(ErrorCode.QUOTA, request)
        if room.is_full:
            self._refuse(ErrorCode.ROOM_FULL, request)
        if room.needs_approval:
            self._hold(room, join, request)
            return
        self._admit(room, join, request)

    def list_rooms(self, message: ListRooms, request: Request) -> None:
        """Show a proven address one page of the public rooms (SPEC.md section 7.7)."""
        allowed = self._check_gate(message, Permission.JOIN, request)
        size = min(message.max_datagram, max(c.MAX_DATAGRAM_FALLBACK, self._settings.max_datagram))
        space = min(size - _ROOM_LIST_OVERHEAD, c.MSGPACK_MAX_BIN)
        rooms, more = self._registry.public.page(message.after, space, allowed.app)
        answer = encode_ctrl(RoomList(rooms=rooms, more=more), request.transaction)
        self._outbox.send(answer, request.source)

    def _is_waiting(self, join: Join, request: Request) -> bool:
        """Answer a JOIN that repeats one about which the host decides."""
        waiting = self._approvals.find(request.source, join.nonce, join.cookie)
        if waiting is None:
            return False
        self._approvals.remind(waiting, now=request.now)
        if waiting.verdict is not None:
            self._refuse(waiting.verdict, request)
        self._outbox.send(encode_ctrl(Pending(), request.transaction), request.source)
        return True

    def _hold(self, room: Room, join: Join, request: Request) -> None:
        if not self._approvals.hold(room, join, request):
            self._refuse(ErrorCode.RATE_LIMITED, request, retry_after=c.APPROVAL)
        self._outbox.send(encode_ctrl(Pending(), request.transaction), request.source)

    def _admit_waiting(self, waiting: Waiting, now: float) -> int:
        """Make a member of somebody whom the host admits; returns 0 or why that cannot be."""
        request = waiting.request._replace(now=now)
        if self._registry.is_full_for_session():
            return ErrorCode.RELAY_FULL
        if not self._registry.has_session_quota(request.source):
            return ErrorCode.QUOTA
        if waiting.room.is_full:
            return ErrorCode.ROOM_FULL
        approved = Approved(waiting.join.cookie, now + c.APPROVAL)
        self._admit(waiting.room, waiting.join, request, approved)
        return 0

    def _refuse_waiting(self, waiting: Waiting) -> None:
        error = Error(code=waiting.verdict or ErrorCode.JOIN_DENIED)
        request = waiting.request
        self._outbox.send(encode_ctrl(error, request.transaction), request.source)

    def _check_cookie(self, proof: Proof, request: Request) -> None:
        """Refuse a request from an address that is not proven (SPEC.md section 5.2)."""
        now = request.now + self._cookie_clock
        is_fresh = is_valid_cookie(
            proof.cookie, self._secret, request.source, proof.nonce, proof.offer, now=now
        )
        if not (is_fresh or self._is_approved(proof, request)):
            reply = encode_error(ErrorCode.COOKIE_INVALID, request.transaction)
            self._outbox.try_reply_unproven(reply, request.data, request.source, now=request.now)
            raise DatagramDropped(DropReason.COOKIE_INVALID)

    def _is_approved(self, proof: Proof, request: Request) -> bool:
        """Tell whether a JOIN repeats one whose cookie became old while the host decides."""
        if self._approvals.find(request.source, proof.nonce, proof.cookie) is not None:
            return True
        session = self._registry.find_attempt(request.source, proof.nonce)
        approved = None if session is None else session.approved
        return (
            approved is not None
            and approved.until > request.now
            and hmac.compare_digest(approved.cookie, proof.cookie)
        )

    def _check_rate(self, buckets: SourceBuckets, request: Request) -> None:
        """Refuse a request of a source that is blocked or over its rate."""
        source = source_of(request.source)
        blocked = self._failures.blocked_for(source, now=request.now)
        if blocked:
            self._refuse(ErrorCode.RATE_LIMITED, request, retry_after=blocked)
        if not buckets.take(source, now=request.now):
            wait = buckets.wait(source, now=request.now)
            self._refuse(ErrorCode.RATE_LIMITED, request, retry_after=wait)

    def _check_gate(
        self, message: Create | Join | ListRooms, permission: Permission, request: Request
    ) -> Pass:
        """Ask for a ticket before anything is looked up (SPEC.md ADM-1)."""
        allowed = self._gate.check(message, permission)
        if isinstance(allowed, ErrorCode):
            self._refuse(allowed, request)
        return allowed

    def refuse(self, code: ErrorCode, request: Request) -> Never:
        """Answer a request from a proven address with an error."""
        self._refuse(code, request)

    def make_grant(self, session: Session, features: int, request: Request) -> Grant:
        """Return GRANT of a session to the address of `request`, without padding."""
        timers, room = session.timers, session.room
        return Grant(
            version=c.WIRE_VERSION,
            features=features & c.KNOWN_FEATURES,
            max_datagram=session.max_datagram,
            topology=room.topology,
            max_peers=room.max_peers,
            code=room.code,
            session=session.id,
            tag=session.endpoint.tag,
            key=session.key,
            peer=session.peer,
            rev=room.rev,
            ping_interval_ms=round(timers.ping_interval * 1000),
            lost_after_ms=round(timers.lost_after * 1000),
            removed_after_ms=round(timers.removed_after(session.peer) * 1000),
            mapped=encode_address(request.source),
            resume_ticket=self._members.resume_ticket(session, now=request.now),
        )

    def agreed_size(self, message: Create | Join | Bind) -> int:
        """Return the largest datagram that both sides take, bytes."""
        return min(message.max_datagram, self._settings.max_datagram)

    def _is_repeated(self, message: Create | Join, request: Request) -> bool:
        """Grant again what this attempt was granted already."""
        if self._registry.has_ended(request.source, message.nonce):
            self._refuse(ErrorCode.JOIN_DENIED, request)
        session = self._registry.find_attempt(request.source, message.nonce)
        if session is None:
            return False
        if session.share is not None:  # a late copy: the session has been bound since
            self._refuse(ErrorCode.JOIN_DENIED, request)
        if not self._registry.budgets.regrants.take(session.id, now=request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)
        session.max_datagram = self.agreed_size(message)
        session.asked_at = None
        self._grant(session, message, request)
        return True

    def _admit(
        self,
        room: Room,
        message: Create | Join,
        request: Request,
        approved: Approved | None = None,
    ) -> None:
        session = self._registry.add_session(
            room, request.source, message.nonce, self.agreed_size(message), now=request.now
        )
        session.approved = approved
        self._members.watch(session)
        self._members.announce_joined(session)
        self._grant(session, message, request)
        self._members.send_roster(session)

    def _grant(self, session: Session, message: Create | Join, request: Request) -> None:
        grant = self.make_grant(session, message.features, request)
        datagram = encode_padded(grant, request.transaction, session.max_datagram)
        self._outbox.send(datagram, request.source)

    def _check_guesses(self, request: Request) -> None:
        """Keep all sources together from trying codes faster than is allowed (SPEC.md 10.2).

        What is dropped here was not looked up, so that nobody learns anything from it.
        While too many are denied, a source that was denied lately waits, and all others
        share what is left in reserve.
        """
        now = request.now
        if not self._guesses.wait(now=now):
            return
        is_suspicious = self._failures.is_suspicious(source_of(request.source), now=now)
        if is_suspicious or not self._reserve.take(now=now):
            raise DatagramDropped(DropReason.RATE_LIMITED)

    def _deny(self, request: Request) -> Never:
        """Refuse in one way whatever the cause, so that codes cannot be probed (JOIN-5)."""
        self._failures.add(source_of(request.source), now=request.now)
        self._guesses.take(now=request.now)
        self._refuse(ErrorCode.JOIN_DENIED, request)

    def _refuse(self, code: ErrorCode, request: Request, retry_after: float | None = None) -> Never:
        self._outbox.spend(Answer.REFUSAL, request.source, now=request.now)
        wait_ms = None if retry_after is None else round(min(retry_after, _LONGEST_WAIT) * 1000)
        error = Error(code=code, retry_after_ms=wait_ms)
        self._outbox.send(encode_ctrl(error, request.transaction), request.source)
        raise DatagramDropped(DropReason.REFUSED)
