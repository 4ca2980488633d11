"""BIND: a session is taken up again from another path, or after a restart."""

from dataclasses import replace

from packhorse.wire.binding import epoch_key, grant_proof, is_valid_bind
from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.messages import Bind, Closed
from packhorse_relay.core.admission import Admission
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.members import Members
from packhorse_relay.core.outbox import Outbox
from packhorse_relay.core.recovery import Recovery
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.request import Request
from packhorse_relay.core.rooms import Session, attempt_of


class BindRequests:
    """Answers BIND (SPEC.md section 8.6)."""

    def __init__(
        self,
        registry: Registry,
        members: Members,
        admission: Admission,
        recovery: Recovery,
        outbox: Outbox,
    ) -> None:
        self._registry = registry
        self._members = members
        self._admission = admission
        self._recovery = recovery
        self._outbox = outbox

    def bind(self, bind: Bind, request: Request) -> None:
        """Check the proof, then move, or restore, the session.

        `Admission.screen` has checked cookie and rate.
        """
        session = self._registry.sessions.get(bind.session)
        if session is None:
            self._restore(bind, request)
            return
        self._check_proof(bind, session.key, request)
        was_bound = session.share is not None
        if was_bound and session.attempt == attempt_of(request.source, bind.nonce):
            self._repeat(session, bind, request)
        else:
            self._check_fresh(bind, request)
            self._move(session, bind, request)

    def _move(self, session: Session, bind: Bind, request: Request) -> None:
        if not self._registry.budgets.binds.take(session.id, now=request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)
        if not self._registry.has_free_tag(request.source):
            self._admission.refuse(ErrorCode.QUOTA, request)
        self._members.send(session, Closed(seq=session.take_seq(), code=ErrorCode.REPLACED))
        self._registry.begin_epoch(session, bind.nonce, now=request.now)
        self._registry.rebind(session, request.source, bind.nonce)
        self._members.take_timers(session)
        session.max_datagram = self._admission.agreed_size(bind)
        self._members.renew(session, now=request.now)
        if bind.restarted:
            session.note_restart()
            self._members.announce_left(session, ErrorCode.REPLACED)
            self._members.announce_joined(session)
        self._grant(session, bind, request)
        self._members.send_roster(session)

    def _restore(self, bind: Bind, request: Request) -> None:
        tombstone = self._registry.tombstones.get(bind.session)
        if tombstone is not None:
            self._check_proof(bind, tombstone.key, request)
            self._admission.refuse(ErrorCode(tombstone.code or ErrorCode.SESSION_UNKNOWN), request)
        content = self._registry.tickets.read(bind.resume_ticket or b"", now=request.now)
        if content is None or content.session != bind.session:
            self._admission.refuse(ErrorCode.SESSION_UNKNOWN, request)
        key = self._registry.tickets.session_key(content.session, content.key_nonce)
        self._check_proof(bind, key, request)
        self._check_fresh(bind, request)
        refusal = self._recovery.refusal(content, request.source, now=request.now)
        if refusal is not None:
            self._admission.refuse(refusal, request)
        session = self._recovery.restore(content, bind, request.source, now=request.now)
        self._registry.begin_epoch(session, bind.nonce, now=request.now)
        self._grant(session, bind, request)
        self._members.send_roster(session)

    def _check_proof(self, bind: Bind, key: bytes, request: Request) -> None:
        """Only the key of the very session counts; whatever is wrong looks like no session."""
        if not is_valid_bind(bind, key):
            self._admission.refuse(ErrorCode.SESSION_UNKNOWN, request)

    def _check_fresh(self, bind: Bind, request: Request) -> None:
        """Refuse an address and nonce that have led to a session, live or ended."""
        address, nonce = request.source, bind.nonce
        if self._registry.find_attempt(address, nonce) or self._registry.has_ended(address, nonce):
            raise DatagramDropped(DropReason.REPLAYED)

    def _repeat(self, session: Session, bind: Bind, request: Request) -> None:
        if not self._registry.budgets.regrants.take(session.id, now=request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)
        self._grant(session, bind, request)

    def _grant(self, session: Session, bind: Bind, request: Request) -> None:
        share = session.share or b""
        grant = replace(self._admission.make_grant(session, bind.features, request), key=share)
        proof = grant_proof(epoch_key(session.key, bind.nonce, share), grant)
        datagram = encode_ctrl(replace(grant, proof=proof), request.transaction)
        self._outbox.send(datagram, request.source)
