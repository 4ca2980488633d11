"""What a member knows and does from GRANT to the end of the session."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from packhorse.core.events import (
    Closed,
    Event,
    Joined,
    JoinRequested,
    Limited,
    PeerEvent,
    PeerId,
    PeerJoined,
    PeerLeft,
    RelayDraining,
    RequestEnded,
    SessionLost,
    SessionResumed,
)
from packhorse.core.host_requests import HostRequests
from packhorse.core.mail import Mail
from packhorse.core.pings import Liveness, Pings
from packhorse.core.rebinding import Rebinding
from packhorse.core.requests import Requests
from packhorse.core.retransmission import GIVE_UP_AFTER
from packhorse.core.room_change import RoomChange
from packhorse.core.roster import Roster
from packhorse.core.saved_session import SavedSession
from packhorse.core.seal_channel import SealChannel
from packhorse.core.stages import Stage
from packhorse.core.sync import SyncSchedule
from packhorse.wire import constants as c
from packhorse.wire.address import decode_address
from packhorse.wire.constants import DropReason, ErrorCode, Topology
from packhorse.wire.errors import (
    PackhorseError,
    ParseError,
    RelayRefusedError,
    SessionClosedByError,
    TransactionTimeoutError,
)
from packhorse.wire.header import Header
from packhorse.wire.messages import (
    Ack,
    Drain,
    Events,
    Grant,
    JoinRequest,
    Leave,
    MemberSeal,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    RelayCtrl,
    RelaySeal,
    Signal,
    Signaled,
    Sync,
)
from packhorse.wire.messages import Closed as ClosedMessage
from packhorse.wire.messages import Limited as LimitedMessage
from packhorse.wire.messages import Roster as RosterMessage


class Membership:
    """The session as granted, the roster, and the timers that keep both true.

    `closed` is set once, when the session has ended.
    """

    def __init__(  # noqa: PLR0913 - what a session begins with
        self,
        grant: Grant,
        saved: SavedSession,
        random_bytes: Callable[[int], bytes],
        emit: Callable[[Event], None],
        drops: Counter[DropReason],
        *,
        is_locked: bool | None,
        now: float,
    ) -> None:
        self.grant = grant
        self.mapped = decode_address(grant.mapped)
        """This member's address as the relay sees it."""
        self.roster = Roster()
        self.pings = Pings(grant, random_bytes, now=now)
        self.saved = saved
        """What it takes to take up the session again, with the newest ticket."""
        self.closed: Closed | None = None
        self._rebinding = Rebinding(random_bytes, now=now)
        self._is_draining = False
        self.on_signal: Callable[[Signaled, float], None] = _refuse_signal
        """Called with each signal and the clock; may raise `ParseError`."""
        self._emit = emit
        self._channel = SealChannel(grant)
        self._sync = SyncSchedule(self.roster, now=now)
        self._requests = Requests()
        self._host = HostRequests(
            self._channel, self._requests, saved.key, random_bytes, is_locked=is_locked
        )
        self.mail = Mail(grant, self.roster, emit, drops)
        self._outbox: list[bytes] = []
        self._leave: int | None = None
        self._denials = 0
        self._has_joined = False
        self.roster.hear_of(grant.rev)

    @property
    def topology(self) -> Topology:
        """Who may address whom."""
        changed = self._host.topology
        return Topology(self.grant.topology) if changed is None else changed

    @property
    def is_complete(self) -> bool:
        """Tell whether the first roster has come."""
        return self._has_joined or self.roster.rev > 0

    @property
    def is_binding(self) -> bool:
        """Tell whether an attempt to take the session up again is under way."""
        return self._rebinding.is_open

    def signal(self, peer: int, data: bytes, *, is_shown: bool = False) -> None:
        """Send bytes to a peer with which both look for a direct path.

        With `is_shown` the relay tells it where it sees this member.
        """
        show = is_shown or None
        self._send_new(lambda seq: Signal(seq=seq, peer=peer, data=data, show=show))

    def kick(self, peer: PeerId, *, ban: bool, now: float) -> int:
        """Ask the relay to end a peer's session; returns the number of the request."""
        return self._host.kick(peer, ban=ban, now=now)

    def set_room(self, change: RoomChange, *, now: float) -> int:
        """Ask the relay to change the room; returns the number of the request."""
        return self._host.set_room(change, now=now)

    def decide(self, request: int, *, admit: bool, now: float) -> int:
        """Admit or refuse somebody who waits; returns the number of the request."""
        return self._host.decide(request, admit=admit, now=now)

    def leave(self, *, now: float) -> None:
        """Tell the relay that the session ends."""
        self.mail.close()
        self._rebinding.stop()
        self._leave = self._channel.take_seq()
        datagram = self._channel.encode(Leave(seq=self._leave))
        self._requests.open(self._leave, datagram, now=now)

    def bind(self, *, now: float) -> None:
        """Take the session up again, over whatever path its datagrams go now."""
        self._start_binding(now)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        if self.closed is not None:
            return None
        deadlines = [self.pings.next_timeout(), self._requests.next_timeout()]
        deadlines += [self._sync.next_timeout(), self.mail.next_timeout()]
        deadlines.append(self._rebinding.next_timeout())
        if not self.is_complete:
            deadlines.append(self._sync.gives_up_at)
        return min(deadline for deadline in deadlines if deadline is not None)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        if self.closed is not None:
            return
        self._check_silence(now)
        self._check_requests(now)
        if not self.is_complete and now >= self._sync.gives_up_at:
            stage = Stage.READING_ROSTER.value
            self._close(TransactionTimeoutError(stage, self._sync.sends, GIVE_UP_AFTER))
        if self.closed is None:
            self._send_due(now)

    def datagrams_to_send(self) -> list[bytes]:
        """Drain what must go out now."""
        datagrams, self._outbox = self._outbox, []
        return datagrams

    def receive_advice(self, *, now: float) -> None:
        """The relay does not know our address (NUDGE): ping, and nothing else (PATH-3)."""
        self.pings.advise(now=now)

    def receive_denial(self, *, now: float) -> None:
        """The relay denies the session: take it up again.

        Where that is not possible, ask again, and believe the relay when it insists.
        """
        counts = self.pings.take_denial()
        self.pings.advise(now=now)
        if self.saved.ticket is not None and self._leave is None:
            if counts and self._start_binding(now) and self.pings.lose():
                self._emit(SessionLost())
            return
        self._denials += counts
        if self._denials >= c.MAX_DENIALS:
            self._close(SessionClosedByError(ErrorCode.SESSION_UNKNOWN))

    def receive_ctrl(self, message: RelayCtrl, transaction: int, *, now: float) -> None:
        """Act upon an answer to HELLO or BIND.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        self._rebinding.receive(message, transaction, now=now)
        grant, error = self._rebinding.grant, self._rebinding.error
        if isinstance(error, RelayRefusedError):
            self._close(SessionClosedByError(error.code))
        elif grant is not None:
            self._rebinding.grant = None
            self._begin_epoch(grant, now)

    def receive_seal(self, data: bytes, *, now: float) -> None:
        """Act upon a SEAL datagram whose tag has been checked.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        message = self._channel.decode(data)
        self._denials = 0
        if not isinstance(message, ClosedMessage):
            self._rebinding.hear()
        if self.pings.hear(now=now):
            self._emit(SessionResumed())
        self._act(message, now)

    def receive_data(self, header: Header, payload: bytes, *, now: float) -> None:
        """Act upon a DATA or FRAME datagram whose tag has been checked.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        if self.roster.may_come(header.source):
            self._sync.want()
        self.mail.receive(header, payload, now=now)

    def _act(self, message: RelaySeal, now: float) -> None:
        match message:
            case Pong():
                self.pings.receive_pong(message.ping, now=now)
                self.mapped = decode_address(message.mapped)
                self.roster.hear_of(message.rev)
                self._keep_ticket(message.resume_ticket)
            case Events():
                self._change(self.roster.apply_events(message.events), now)
            case RosterMessage():
                page, pages = message.page, message.pages
                changes = self.roster.apply_page(
                    message.rev,
                    page,
                    pages,
                    message.peers,
                    is_recovering=bool(message.recovering),
                )
                self._change(changes, now)
                if message.recovering:
                    self._host.tell_again(now=now)
            case Ack():
                self._acknowledged(message)
            case ClosedMessage():
                self._closed_by_relay(message)
            case JoinRequest() | Drain() | LimitedMessage():
                self._tell(message)
            case PathChallenge():
                self.pings.forget_open()
                self._send_new(lambda seq: PathResponse(seq=seq, challenge=message.challenge))
            case Signaled():  # pragma: no branch - the type has no other member
                self.on_signal(message, now)

    def _tell(self, message: JoinRequest | Drain | LimitedMessage) -> None:
        """Tell the application what the relay says to it."""
        match message:
            case JoinRequest():
                if self._host.is_new(message.request):
                    self._emit(JoinRequested(message.request, message.name))
            case Drain():
                self._drain(message.deadline_ms / 1000)
            case LimitedMessage():  # pragma: no branch - the type has no other member
                rates = (message.bytes_per_second, message.datagrams_per_second)
                self.mail.keep_to(*rates)
                self._emit(Limited(*rates, message.dropped))

    def _start_binding(self, now: float) -> bool:
        return self._rebinding.start(self.saved, is_guarded=self._host.is_guarded, now=now)

    def _begin_epoch(self, grant: Grant, now: float) -> None:
        self.grant = grant
        self.mapped = decode_address(grant.mapped)
        self._keep_ticket(grant.resume_ticket)
        self._channel.begin_epoch(grant)
        self._host.begin_epoch()
        self.mail.begin_epoch(grant)
        self.roster.begin_again(grant.rev)
        self._sync.begin_again(now=now)
        self._requests.begin_again(self._channel.renew, now=now)
        self.pings.begin_again(now=now)

    def _keep_ticket(self, ticket: bytes | None) -> None:
        if ticket is not None:
            self.saved = replace(self.saved, ticket=ticket)

    def _drain(self, seconds: float) -> None:
        if not self._is_draining:
            self._is_draining = True
            self._emit(RelayDraining(seconds))

    def _change(self, changes: list[PeerEvent], now: float) -> None:
        self._sync.satisfy()
        for change in changes:
            if change.peer == self.grant.peer:
                continue
            self._emit(change)
            if isinstance(change, PeerJoined):
                self.mail.welcome(change, now=now)
            elif isinstance(change, PeerLeft):
                self.mail.forget(change.peer)
        self.mail.discard_early()
        if self.is_complete and not self._has_joined:
            self._has_joined = True
            self._emit(Joined())

    def _acknowledged(self, ack: Ack) -> None:
        if not self._requests.close(ack.request):
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)
        if ack.request == self._leave:
            self._close(None)
        elif not self._host.end(ack.request, ack.code):
            self._emit(RequestEnded(ack.request, ack.code))

    def _closed_by_relay(self, message: ClosedMessage) -> None:
        if message.code == ErrorCode.REPLACED and self._rebinding.is_open:
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)  # it was this program
        self._close(SessionClosedByError(message.code) if message.code else None)

    def _check_silence(self, now: float) -> None:
        if not self.pings.check(now=now):
            return
        if self.pings.liveness is Liveness.EXPIRED:
            self._close(SessionClosedByError(ErrorCode.LEASE_EXPIRED))
        else:
            self._emit(SessionLost())

    def _check_requests(self, now: float) -> None:
        for seq in self._requests.give_up(now=now):
            if seq == self._leave:
                self._close(None)
            elif not self._host.end(seq, None):
                self._emit(RequestEnded(seq, None))

    def _send_due(self, now: float) -> None:
        self._outbox += self._rebinding.handle_timeout(now=now)
        self._outbox += self._requests.datagrams_to_send(now=now)
        if self._requests.is_repeating:
            self.pings.advise(now=now)  # our address may be new; PING can prove it
        self._outbox += self.mail.datagrams_to_send(now=now)
        if self._sync.is_due(now=now):
            self._sync.count_send(now=now)
            self._send_new(lambda seq: Sync(seq=seq, since=self.roster.rev))
        if self.pings.is_due(now=now):
            seq = self._send_new(lambda seq: Ping(seq=seq, pad=bytes(c.PING_PAD)))
            self.pings.count_send(seq, now=now)

    def _send_new(self, make: Callable[[int], MemberSeal]) -> int:
        seq = self._channel.take_seq()
        self._outbox.append(self._channel.encode(make(seq)))
        return seq

    def _close(self, error: PackhorseError | None) -> None:
        """End the session; whoever is leaving gets what it wants, whatever the cause."""
        if self.closed is None:
            self.closed = Closed(error if self._leave is None else None)


def _refuse_signal(_signaled: Signaled, _now: float) -> None:
    raise ParseError(DropReason.UNEXPECTED_MESSAGE)
