"""SEAL datagrams of members: check, then act."""

from collections.abc import Callable
from typing import Final

from packhorse.wire import constants as c
from packhorse.wire.address import encode_address, source_of
from packhorse.wire.constants import DropReason, ErrorCode, RoomEventKind
from packhorse.wire.ctrl import encode_error
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import HOST
from packhorse.wire.messages import (
    Ack,
    Admit,
    Closed,
    Kick,
    Leave,
    MemberSeal,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    SetRoom,
    Signal,
    Sync,
)
from packhorse.wire.seal import decode_seal, encode_seal
from packhorse_relay.core.approval import Approvals
from packhorse_relay.core.draining import Draining
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.members import Members
from packhorse_relay.core.outbox import Answer, Outbox
from packhorse_relay.core.registry import Registry, Tombstone
from packhorse_relay.core.request import Request
from packhorse_relay.core.room_options import RoomOptions
from packhorse_relay.core.rooms import PendingPath, Session
from packhorse_relay.core.signals import forward_signal

_SMALLEST_SEAL: Final = c.HEADER_SIZE + 1 + c.MAC_SIZE  # bytes


class SealedRequests:
    """Handles everything that a session's key has to vouch for."""

    def __init__(  # noqa: PLR0913 - it brings all of them together
        self,
        registry: Registry,
        members: Members,
        outbox: Outbox,
        approvals: Approvals,
        draining: Draining,
        random_bytes: Callable[[int], bytes],
        *,
        stream_listener: int | None,
    ) -> None:
        self._registry = registry
        self._members = members
        self._outbox = outbox
        self._draining = draining
        self._random_bytes = random_bytes
        self._options = RoomOptions(registry)
        self._approvals = approvals
        self._stream_listener = stream_listener

    def receive(self, request: Request) -> None:
        """Check MAC and sequence, renew the lease, act (SPEC.md sections 6 to 8)."""
        if len(request.data) < _SMALLEST_SEAL:
            raise DatagramDropped(DropReason.TOO_SHORT)
        session = self._registry.sessions.get(request.word)
        if session is None:
            self._answer_without_session(request)
            return
        message = self._decode(session, request)
        if not session.window.accepts(message.seq):
            self._repeat_result(session, message, request)
            return
        if not self._may_ask(session, message, request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)
        if request.source != session.address:
            self._check_path(session, message, request)
        self._members.renew(session, now=request.now)
        session.window.mark(message.seq)
        if session.is_used_up:
            self._members.end(session, ErrorCode.LEASE_EXPIRED, now=request.now)
            return
        self._act(session, message, request)

    def _may_ask(self, session: Session, message: MemberSeal, now: float) -> bool:
        if isinstance(message, Signal):
            return self._registry.budgets.signals.take(session.id, now=now)
        return session.requests.take(now=now)

    def _decode(self, session: Session, request: Request) -> MemberSeal:
        try:
            return decode_seal(request.data, session.keys.member_to_relay, Sender.MEMBER)
        except ParseError as error:
            if error.reason is DropReason.BAD_MAC:
                self._answer_former_epoch(session, request)
            raise

    def _answer_former_epoch(self, session: Session, request: Request) -> None:
        """Tell a program that another has taken over its session (SPEC.md RES-5)."""
        former = session.former
        if former is None or former.expires_at <= request.now:
            return
        decode_seal(request.data, former.keys.member_to_relay, Sender.MEMBER)
        closed = Closed(seq=session.take_seq(), code=ErrorCode.REPLACED)
        datagram = encode_seal(closed, session.id, former.tag, former.keys.relay_to_member)
        self._outbox.try_reply_unproven(datagram, request.data, request.source, now=request.now)
        raise DatagramDropped(DropReason.UNKNOWN_SESSION)

    def _act(self, session: Session, message: MemberSeal, request: Request) -> None:
        match message:
            case Ping():
                self._ping(session, message, request)
            case Sync():
                self._sync(session, message)
            case Kick():
                self._kick(session, message, request)
            case Leave():
                self._acknowledge(session, message.seq, 0)
                self._members.end(session, 0, now=request.now)
            case SetRoom():
                self._acknowledge(session, message.seq, self._options.change(session, message))
            case Admit():
                code = self._approvals.decide(session, message, now=request.now)
                self._acknowledge(session, message.seq, code)
            case Signal():
                listener = self._stream_listener
                forward_signal(session, message, self._members, stream_listener=listener)
            case PathResponse():  # pragma: no branch - there are no others
                self._prove(session, message, request)

    def _ping(self, session: Session, ping: Ping, request: Request) -> None:
        session.hear_ping(ping.seq, now=request.now)
        if request.source == session.address:
            self._pong(session, ping.seq, request.now)
            self._members.ask_for_consent(session, self._random_bytes, now=request.now)
        else:
            self._challenge(session, ping, request)

    def _pong(self, session: Session, ping: int, now: float) -> None:
        pong = Pong(
            seq=session.take_seq(),
            ping=ping,
            rev=session.room.rev,
            mapped=encode_address(session.address),
            resume_ticket=self._members.resume_ticket(session, now=now),
        )
        self._members.send(session, pong)
        self._draining.tell(session, now=now)

    def _sync(self, session: Session, sync: Sync) -> None:
        self._members.send_news(session, sync.since)

    def _kick(self, session: Session, kick: Kick, request: Request) -> None:
        victim = session.room.sessions.get(kick.peer)
        if session.peer != HOST:
            self._acknowledge(session, kick.seq, ErrorCode.NOT_ALLOWED)
            return
        self._acknowledge(session, kick.seq, 0)
        if victim is None:  # it has left already: what the host wants is so
            if session.room.bar(kick.peer):
                left, code = RoomEventKind.PEER_LEFT, ErrorCode.KICKED
                self._members.announce(session.room, left, kick.peer, code)
            return
        if kick.ban:
            session.room.ban(source_of(victim.address))
        self._members.end(victim, ErrorCode.KICKED, now=request.now)

    def _acknowledge(self, session: Session, request: int, code: int) -> None:
        ack = Ack(seq=session.take_seq(), request=request, code=code)
        session.remember_result(request, self._members.send(session, ack))

    def _repeat_result(self, session: Session, message: MemberSeal, request: Request) -> None:
        answer = session.results.get(message.seq)
        if answer is None or request.source != session.address:
            raise DatagramDropped(DropReason.REPLAYED)
        self._outbox.send(answer, session.address)

    def _check_path(self, session: Session, message: MemberSeal, request: Request) -> None:
        """Let through what an unproven address may say: PING, and the right proof."""
        if isinstance(message, Ping):
            return
        pending = session.pending
        is_proof = (
            isinstance(message, PathResponse)
            and pending is not None
            and pending.expires_at > request.now
            and pending.address == request.source
            and pending.challenge == message.challenge
            and self._registry.table.is_free(request.source, session.endpoint.tag)
        )
        if not is_proof:
            raise DatagramDropped(DropReason.PATH_UNPROVEN)

    def _challenge(self, session: Session, ping: Ping, request: Request) -> None:
        challenge = self._challenge_for(session, request)
        is_repeated = session.pending is not None and session.pending.challenge == challenge
        message = PathChallenge(seq=session.take_seq(), challenge=challenge)
        datagram = self._members.seal(session, message)
        if len(datagram) > len(request.data):
            raise DatagramDropped(DropReason.PATH_UNPROVEN)
        if not self._registry.budgets.challenges.take(session.id, now=request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)
        expires_at = request.now + c.PATH_PROOF
        session.pending = PendingPath(request.source, challenge, ping.seq, expires_at)
        session.asked_at = None if is_repeated else request.now
        self._outbox.send(datagram, request.source)

    def _challenge_for(self, session: Session, request: Request) -> bytes:
        """Repeat the open challenge of an address, so that an answer under way still counts."""
        pending = session.pending
        is_open = pending is not None and pending.expires_at > request.now
        if pending is not None and is_open and pending.address == request.source:
            return pending.challenge
        return self._random_bytes(c.CHALLENGE_SIZE)

    def _prove(self, session: Session, response: PathResponse, request: Request) -> None:
        if request.source != session.address:
            self._move(session, request)
        elif not session.consent or response.challenge != session.consent:
            raise DatagramDropped(DropReason.UNEXPECTED_MESSAGE)
        session.consent = b""
        session.proven_at = request.now

    def _move(self, session: Session, request: Request) -> None:
        pending = session.pending
        if pending is None:  # pragma: no cover - the path was checked before
            raise DatagramDropped(DropReason.UNEXPECTED_MESSAGE)
        session.pending = None
        session.measure_rtt(now=request.now)
        self._registry.table.move(session.endpoint, request.source)
        self._pong(session, pending.ping, request.now)

    def _answer_without_session(self, request: Request) -> None:
        tombstone = self._registry.tombstones.get(request.word)
        if tombstone is None:
            reply = encode_error(ErrorCode.SESSION_UNKNOWN, request.word)
            self._outbox.try_reply_unproven(reply, request.data, request.source, now=request.now)
            raise DatagramDropped(DropReason.UNKNOWN_SESSION)
        decode_seal(request.data, tombstone.keys.member_to_relay, Sender.MEMBER)
        self._answer_from_tombstone(tombstone, request)

    def _answer_from_tombstone(self, tombstone: Tombstone, request: Request) -> None:
        self._outbox.spend(Answer.ADVICE, request.source, now=request.now)
        self._registry.tombstones[tombstone.id] = tombstone._replace(
            next_seq=tombstone.next_seq + 1
        )
        closed = Closed(seq=tombstone.next_seq, code=tombstone.code)
        datagram = encode_seal(closed, tombstone.id, tombstone.tag, tombstone.keys.relay_to_member)
        if request.source != tombstone.address and len(datagram) > len(request.data):
            raise DatagramDropped(DropReason.REPLY_BUDGET)
        self._outbox.send(datagram, request.source)
