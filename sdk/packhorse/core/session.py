"""A member's session as a pure state machine: datagrams and time in, datagrams and events out."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from packhorse.core.delivery.hub import PeerStatistics
from packhorse.core.direct.attachment import DirectAttachment, Part
from packhorse.core.direct.channel import DirectDatagram
from packhorse.core.events import Closed, Event, Message, PeerId, PeerJoined, StageChanged
from packhorse.core.joining import Joining, Wish
from packhorse.core.machine import MemberMachine
from packhorse.core.membership import Membership
from packhorse.core.pings import Pings
from packhorse.core.room_change import RoomChange
from packhorse.core.rtt import RttEstimator
from packhorse.core.saved_session import SavedSession
from packhorse.core.stages import Stage
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import (
    HEADER_SIZE,
    MAC_SIZE,
    DropReason,
    ErrorCode,
    Kind,
    MemberCause,
    MemberState,
    Mode,
    PeerState,
    Topology,
)
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import Header, decode_header
from packhorse.wire.messages import Error, Nudge
from packhorse.wire.room_code import RoomCode


class MemberSession:
    """One membership of one room, over one path to the relay.

    Commands raise `LocalProtocolError` when they are illegal in the current state;
    the five other methods never raise for what came from the network.
    """

    def __init__(
        self,
        wish: Wish,
        relay: TransportAddress,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> None:
        self._relay = relay
        self._random_bytes = random_bytes
        self._machine = MemberMachine()
        self._joining = Joining(wish, self._machine, random_bytes, now=now)
        self._membership: Membership | None = None
        self._outbox: list[bytes] = []
        self._events: deque[Event] = deque()
        self._told_stage = Stage.REACHING
        self._direct: DirectAttachment | None = None
        self.drops: Counter[DropReason] = Counter()
        """Datagrams that were not acted upon, by reason."""

    @property
    def state(self) -> MemberState:
        """Where the session stands (SPEC.md section 5)."""
        return self._machine.state

    @property
    def stage(self) -> Stage:
        """What is being waited for, in words."""
        if self._membership is None:
            return self._joining.stage
        return Stage.CONNECTED if self._membership.is_complete else Stage.READING_ROSTER

    @property
    def peer_id(self) -> PeerId:
        """Own peer id; 1 is the host."""
        return PeerId(self._joined().grant.peer)

    @property
    def code(self) -> RoomCode:
        """Room code in canonical form."""
        return RoomCode(self._joined().grant.code)

    @property
    def topology(self) -> Topology:
        """Who may address whom."""
        return self._joined().topology

    @property
    def max_payload(self) -> int:
        """Largest payload of one DATA datagram, bytes."""
        return self._joined().grant.max_datagram - HEADER_SIZE

    @property
    def mapped_address(self) -> TransportAddress:
        """Own address as the relay sees it."""
        return self._joined().mapped

    @property
    def rtt(self) -> RttEstimator:
        """Round-trip time to the relay."""
        return self._joined().pings.rtt

    @property
    def pings(self) -> Pings:
        """What is known of the path to the relay."""
        return self._joined().pings

    @property
    def is_binding(self) -> bool:
        """Tell whether BIND is under way: the relay does not know the present path yet."""
        return self._membership is not None and self._membership.is_binding

    @property
    def roster(self) -> Mapping[PeerId, PeerState]:
        """Every member, this one included, with what the relay knows of it."""
        return MappingProxyType(self._joined().roster.peers)

    @property
    def saved(self) -> SavedSession:
        """What another program, or this one after a crash, takes the session up again with."""
        return self._joined().saved

    @property
    def is_idle(self) -> bool:
        """Tell whether every reliable message has arrived."""
        return self._membership is None or self._membership.mail.is_idle

    def encode_data(self, data: bytes, to: int) -> bytes:
        """Return the DATA datagram that carries `data` to peer `to` (0 all, -n all but n).

        Raises:
            LocalProtocolError: Not joined, `data` empty or larger than `max_payload`,
                or `to` no int32 or not to be addressed.
        """
        mail = self._joined_for("sending").mail
        if not mail.is_plain(data, Mode.UNRELIABLE, 0):
            raise LocalProtocolError(f"payload of {len(data)} bytes, must be 1..{self.max_payload}")
        mail.check_known(to)
        return mail.encode_plain(data, to)

    def send(self, data: bytes, *, to: int, mode: Mode, channel: int, now: float) -> bytes | None:
        """Take a message to peer `to` (0 all others, -n all but n).

        Returns:
            The DATA datagram to send to the relay at once where the message travels as one,
            else None: then `datagrams_to_send` or `direct_datagrams_to_send` hands it out.

        Raises:
            LocalProtocolError: Not joined, or `Mail.check` refuses it.
        """
        mail = self._joined_for("sending").mail
        mail.check(data, to, mode, channel)
        if mail.is_plain(data, mode, channel):
            return mail.post_plain(data, to, now=now)
        mail.push(data, to, mode, channel, now=now)
        return None

    def may_send(self, *, to: int, mode: Mode) -> bool:
        """Tell whether the send buffers have room for another message."""
        return self._joined_for("sending").mail.may_push(to, mode)

    def ping_peer(self, peer: PeerId, *, now: float) -> int:
        """Measure the round-trip time to a peer, end to end; `PingAnswered` tells it."""
        return self._joined_for("sending").mail.ping(peer, now=now)

    def peer_statistics(self, peer: PeerId) -> PeerStatistics:
        """Return what was measured towards a peer."""
        return self._joined().mail.statistics(peer)

    def consume(self, message: Message) -> None:
        """Note that the application has taken a message: its sender may send more."""
        if self._membership is not None:
            self._membership.mail.consume(message)

    def kick(self, peer: PeerId, *, ban: bool = False, now: float) -> int:
        """Remove a peer from the room; `RequestEnded` tells the outcome.

        Raises:
            LocalProtocolError: Not joined, or `peer` is the host.
        """
        if self._machine.state is not MemberState.JOINED or peer <= 1:
            raise LocalProtocolError(f"kicking peer {peer} is illegal while {self.state.value}")
        return self._joined().kick(peer, ban=ban, now=now)

    def set_room(self, change: RoomChange, *, now: float) -> int:
        """Change the room; `RequestEnded` tells the outcome.

        Raises:
            LocalProtocolError: Not joined, or a value is out of range.
        """
        return self._joined_for("changing the room").set_room(change, now=now)

    def decide(self, request: int, *, admit: bool, now: float) -> int:
        """Admit or refuse somebody who waits; `RequestEnded` tells the outcome.

        Raises:
            LocalProtocolError: Not joined, or `request` is no u32 above 0.
        """
        return self._joined_for("admitting").decide(request, admit=admit, now=now)

    def check_path(self, *, now: float) -> None:
        """Ping soon: the relay sees this member at another address now (SPEC.md 8.4)."""
        if self._membership is not None:
            self._membership.receive_advice(now=now)

    def bind(self, *, now: float) -> None:
        """Take the session up again over the path that its datagrams take now.

        For a path that has changed in a way that PING cannot tell: from UDP to WebSocket.

        Raises:
            LocalProtocolError: Not joined.
        """
        self._joined_for("binding").bind(now=now)

    def seek_direct_paths(
        self, candidates: Sequence[Candidate], *, shares_socket: bool, part: Part = None, now: float
    ) -> None:
        """Offer addresses, the better first, and look for direct paths to the peers from now on.

        With `shares_socket` what the relay sees is one, too; with a `part` ports are probed.

        Raises:
            LocalProtocolError: Not joined.
        """
        if self._direct is None:
            self._direct = DirectAttachment(
                self._joined(),
                self._random_bytes,
                self._events.append,
                relay=self._relay,
            )
        self._direct.set_candidates(candidates, shares_socket=shares_socket, part=part, now=now)

    @property
    def direct(self) -> DirectAttachment | None:
        """What looks for direct paths; None before anything does."""
        return self._direct

    def direct_path(self, peer: PeerId) -> TransportAddress | None:
        """Return where data for a peer goes directly; None: over the relay."""
        return self._direct.path(peer) if self._direct else None

    def direct_datagrams_to_send(self) -> list[DirectDatagram]:
        """Drain what goes to addresses of peers."""
        return self._direct.datagrams_to_send() if self._direct else []

    def leave(self, *, now: float) -> None:
        """End the session; `Closed` follows. Illegal but harmless when it has ended."""
        if self._machine.state in {MemberState.LEAVING, MemberState.CLOSED}:
            return
        if self._membership is None:
            self._close(Closed(None))
            return
        self._machine.advance(MemberCause.LEFT)
        self._membership.leave(now=now)

    def receive_from_peer(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Act upon what came on a socket that is not that of the relay, whatever its source."""
        if source[:2] == self._relay[:2]:
            self.drops[DropReason.UNEXPECTED_SOURCE] += 1
        else:
            self.receive_datagram(data, source, now=now)

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Act upon a datagram or count why not; never raises for what came from outside."""
        try:
            self._receive(data, source, now)
        except ParseError as error:
            self.drops[error.reason] += 1
        self._settle()

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due; calling early or late is harmless."""
        if self._machine.state is MemberState.CLOSED:
            return
        if self._membership is None:
            self._outbox += self._joining.handle_timeout(now=now)
        else:
            if self._direct is not None:
                self._direct.handle_timeout(now=now)
            self._membership.handle_timeout(now=now)
        self._settle()

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` next has work, or None."""
        if self._machine.state is MemberState.CLOSED:
            return None
        source = self._membership or self._joining
        dues = [source.next_timeout(), self._direct.next_timeout() if self._direct else None]
        return min((due for due in dues if due is not None), default=None)

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out now."""
        datagrams, self._outbox = self._outbox, []
        if self._membership is not None:
            datagrams += self._membership.datagrams_to_send()
        return [(datagram, self._relay) for datagram in datagrams]

    def next_event(self) -> Event | None:
        """Drain one event; what it tells of a peer counts as known to the application."""
        event = self._events.popleft() if self._events else None
        if isinstance(event, PeerJoined) and self._membership is not None:
            self._membership.mail.note_told(event)
        return event

    def _receive(self, data: bytes, source: TransportAddress, now: float) -> None:
        is_from_relay = source[:2] == self._relay[:2]
        direct = self._direct
        if not is_from_relay and direct is None:
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        header = decode_header(data)
        if self._machine.state is MemberState.CLOSED:
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        try:
            if direct is None or is_from_relay:
                self._receive_from_relay(data, header, now)
            else:
                direct.receive(data, header, source, now)
        finally:
            if direct is not None and header.kind in {Kind.CTRL, Kind.SEAL}:
                direct.flush(now=now)

    def _receive_from_relay(self, data: bytes, header: Header, now: float) -> None:
        if header.kind is Kind.CTRL:
            self._receive_ctrl(data, header, now)
            return
        if header.kind is Kind.SEAL and len(data) <= HEADER_SIZE + MAC_SIZE:
            raise ParseError(DropReason.TOO_SHORT, len(data))
        membership = self._membership
        if membership is None or header.tag != membership.grant.tag:
            raise ParseError(DropReason.WRONG_TAG)
        if header.kind is Kind.SEAL:
            membership.receive_seal(data, now=now)
        else:
            membership.receive_data(header, data[HEADER_SIZE:], now=now)

    def _receive_ctrl(self, data: bytes, header: Header, now: float) -> None:
        message = decode_ctrl(data, Sender.RELAY)
        membership = self._membership
        if membership is None:
            self._joining.receive(message, header.word, now=now)
            self._take_grant(now)
        elif isinstance(message, Nudge):
            membership.receive_advice(now=now)
        elif self._is_denial(message, header, membership):
            membership.receive_denial(now=now)
        else:
            membership.receive_ctrl(message, header.word, now=now)

    def _is_denial(self, message: object, header: Header, membership: Membership) -> bool:
        is_denial = isinstance(message, Error) and message.code == ErrorCode.SESSION_UNKNOWN
        return is_denial and header.word == membership.grant.session

    def _take_grant(self, now: float) -> None:
        if (grant := self._joining.grant) is not None:
            self._machine.advance(MemberCause.GRANTED)
            self._membership = Membership(
                grant,
                self._joining.saved,
                self._random_bytes,
                self._events.append,
                self.drops,
                is_locked=self._joining.is_locked,
                now=now,
            )

    def _settle(self) -> None:
        """Tell a new stage; close when one of the parts has ended."""
        if self._machine.state is MemberState.CLOSED:
            return
        if (stage := self.stage) is not self._told_stage:
            self._told_stage = stage
            self._events.append(StageChanged(stage))
        closed = self._membership.closed if self._membership else None
        if closed is None and self._joining.error is not None:
            closed = Closed(self._joining.error)
        if closed is not None:
            self._close(closed)

    def _close(self, closed: Closed) -> None:
        self._machine.advance(MemberCause.FAILED)
        self._events.append(closed)

    def _joined_for(self, what: str) -> Membership:
        if self._machine.state is not MemberState.JOINED:
            raise LocalProtocolError(f"{what} is illegal while {self.state.value}")
        return self._joined()

    def _joined(self) -> Membership:
        if self._membership is None:
            raise LocalProtocolError(f"there is no session yet while {self.state.value}")
        return self._membership
