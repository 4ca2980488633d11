"""The relay as a pure state machine: datagrams and time in, datagrams out."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode, Kind
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import Header, decode_header, is_legacy
from packhorse.wire.messages import Bind, Create, Hello, Join, ListRooms, Nudge
from packhorse.wire.stun import is_stun
from packhorse_relay.core.admission import Admission
from packhorse_relay.core.approval import Approvals
from packhorse_relay.core.bind_requests import BindRequests
from packhorse_relay.core.ctrl_start import message_class_of
from packhorse_relay.core.data_limits import DataLimits
from packhorse_relay.core.draining import Draining
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.core.members import Members
from packhorse_relay.core.outbox import Answer, Outbox
from packhorse_relay.core.recovery import Recovery
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.relay_events import RelayEvent
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.request import Request
from packhorse_relay.core.resume_tickets import RUN_SIZE, SECRET_SIZE, ResumeTickets
from packhorse_relay.core.rooms import Room
from packhorse_relay.core.sealed import SealedRequests
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.stun_answers import StunAnswers
from packhorse_relay.core.tickets import OPEN_GATE, Gate

_NUDGE: Final = encode_ctrl(Nudge(), 0)


class RelayCore:
    """Everything that a relay decides.

    A data plane may forward on its own what stands in `table.routes`; all other
    datagrams come here, and forwarding here gives the same result.
    """

    def __init__(  # noqa: PLR0913 - all but four by keyword
        self,
        settings: Settings,
        random_bytes: Callable[[int], bytes],
        legacy: LegacyRoom | None = None,
        gate: Gate = OPEN_GATE,
        *,
        secret: bytes | None = None,
        unix_now: float = 0.0,
        stream_listener: int | None = None,
        now: float,
    ) -> None:
        """Start a run of the relay.

        Args:
            settings: What the operator chose.
            random_bytes: Source of unpredictable bytes.
            legacy: The room of the legacy protocol, if it is spoken.
            gate: Whom the relay serves at all.
            secret: 32 bytes that the runs of this relay share and keep to themselves; with
                None nobody can take up a session in a later run.
            unix_now: Seconds since 1970: what the runs have in common as a clock.
            stream_listener: The listener whose addresses are proven by TCP, if there is one.
            now: Clock seconds.
        """
        self._legacy = legacy
        self._outbox = Outbox(settings, now=now)
        tickets = ResumeTickets(
            secret or random_bytes(SECRET_SIZE), random_bytes(RUN_SIZE), unix_now=unix_now, now=now
        )
        self._stream_listener = stream_listener
        self.stun = StunAnswers(self._outbox)
        """What answers STUN."""
        self._registry = Registry(settings, random_bytes, tickets)
        self._members = Members(settings, self._registry, self._outbox)
        self._approvals = Approvals(self._registry, self._members)
        self._admission = Admission(
            settings,
            self._registry,
            self._members,
            self._outbox,
            gate,
            random_bytes,
            approvals=self._approvals,
            stream_listener=stream_listener,
            now=now,
        )
        self._limits = DataLimits(self._registry, self._members)
        self._draining = Draining(self._registry, self._members)
        self._recovery = Recovery(settings, self._registry, self._members, now=now)
        self._binds = BindRequests(
            self._registry,
            self._members,
            self._admission,
            self._recovery,
            self._outbox,
        )
        self._sealed = SealedRequests(
            self._registry,
            self._members,
            self._outbox,
            self._approvals,
            self._draining,
            random_bytes,
            stream_listener=stream_listener,
        )
        self.drops: Counter[DropReason] = Counter()
        """Datagrams that were not acted upon, by reason."""
        self._forwarded = 0

    @property
    def table(self) -> ForwardingTable:
        """What a data plane forwards by."""
        return self._registry.table

    @property
    def datagrams_forwarded(self) -> int:
        """DATA, FRAME and legacy datagrams that went to at least one receiver."""
        legacy = 0 if self._legacy is None else self._legacy.datagrams_forwarded
        return self._forwarded + legacy

    @property
    def room_count(self) -> int:
        """Live rooms."""
        return len(self._registry.rooms)

    @property
    def session_count(self) -> int:
        """Live sessions."""
        return len(self._registry.sessions)

    @property
    def rooms(self) -> Collection[Room]:
        """All live rooms; read-only for others."""
        return self._registry.rooms.values()

    def change_settings(self, settings: Settings, *, now: float) -> None:
        """Go by other limits from now on, without touching a room.

        Whoever is over a new limit stays. A session goes by the timers that its GRANT told
        it until the next GRANT; its data budget gets the new rate at once.
        """
        self._outbox.change_settings(settings, now=now)
        self._registry.change_settings(settings, now=now)
        self._members.change_settings(settings)
        self._admission.change_settings(settings, now=now)

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Act upon a datagram or count why not; never raises for what came from outside."""
        try:
            self._receive(data, source, now)
        except (DatagramDropped, ParseError) as dropped:
            self.drops[dropped.reason] += 1

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due; calling early or late is harmless."""
        self._members.handle_timeout(now=now)
        self._approvals.handle_timeout(now=now)
        self._recovery.handle_timeout(now=now)
        if self._legacy is not None:
            self._legacy.handle_timeout(now=now)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` next has work, or None."""
        deadlines = [
            self._members.next_timeout(),
            self._approvals.next_timeout(),
            self._recovery.next_timeout(),
        ]
        if self._legacy is not None:
            deadlines.append(self._legacy.next_timeout())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out now."""
        datagrams = self._outbox.drain()
        return datagrams if self._legacy is None else datagrams + self._legacy.datagrams_to_send()

    def next_event(self) -> RelayEvent | None:
        """Drain one event."""
        return self._members.next_event()

    def drain(self, seconds: float, *, now: float) -> None:
        """Open no rooms from now on and tell every member that all ends in `seconds`."""
        self._draining.start(seconds, now=now)

    def close(self, *, now: float) -> None:
        """End every session: the relay is about to stop."""
        self._members.end_all(ErrorCode.DRAINING, now=now)

    def _receive(self, data: bytes, source: TransportAddress, now: float) -> None:
        if len(data) < c.HEADER_SIZE:
            raise DatagramDropped(DropReason.TOO_SHORT)
        if len(data) > c.MAX_DATAGRAM:
            raise DatagramDropped(DropReason.TOO_LARGE)
        if source.listener != self._stream_listener and is_stun(data):
            self.stun.receive(Request(data, source, 0, now))
            return
        if self.stun.is_second_port(source.listener):
            raise DatagramDropped(DropReason.UNKNOWN_PREFIX)
        if is_legacy(data):
            self._receive_legacy(data, source, now)
            return
        header = decode_header(data)
        if header.kind is Kind.CTRL:
            self._receive_ctrl(Request(data, source, header.word, now))
        elif header.kind is Kind.SEAL:
            self._sealed.receive(Request(data, source, header.word, now))
        else:
            self._forward(Request(data, source, header.word, now), header)

    def _receive_legacy(self, data: bytes, source: TransportAddress, now: float) -> None:
        if self._legacy is None:
            raise DatagramDropped(DropReason.LEGACY_DISABLED)
        self._legacy.receive_datagram(data, source, now=now)

    def _receive_ctrl(self, request: Request) -> None:
        self._admission.screen(message_class_of(request.data), request)
        message = decode_ctrl(request.data, Sender.MEMBER, max_nodes=c.CTRL_MAX_NODES)
        match message:
            case Hello():
                self._admission.hello(message, request)
            case Create():
                is_draining = self._draining.deadline is not None
                self._admission.create(message, request, is_draining=is_draining)
            case ListRooms():
                self._admission.list_rooms(message, request)
            case Join():
                self._admission.join(message, request)
            case Bind():  # pragma: no branch - there are no others
                self._binds.bind(message, request)

    def _forward(self, request: Request, header: Header) -> None:
        try:
            route = self.table.resolve(request.data, header, request.source)
        except DatagramDropped as dropped:
            self._nudge(request, dropped.reason)
            raise
        self._limits.charge(route, header.tag, request)
        self._forwarded += 1
        payload = request.data[c.HEADER_SIZE :]
        for receiver in route.receivers:
            address = TransportAddress(*receiver.address, receiver.listener)
            self._outbox.send(receiver.prefix + payload, address)

    def _nudge(self, request: Request, reason: DropReason) -> None:
        """Tell a sender that its address is unknown, where that costs no more than it sent."""
        if reason is DropReason.UNKNOWN_SOURCE and len(request.data) >= len(_NUDGE):
            self._outbox.try_reply_unproven(
                _NUDGE, request.data, request.source, kind=Answer.NUDGE, now=request.now
            )
