"""A member of the legacy protocol as a pure state machine.

A legacy member is an id that it chose itself. It registers with a datagram that has no
payload, and the relay sends the same six bytes back; the relay's keepalives are those
bytes too. The relay tells the host of every registration of another id, which is all the
roster there is. Nobody says goodbye: who is silent for long enough has left.

Source: protocol_spec/SPEC.md section 11.
"""

from collections import Counter, deque
from enum import Enum
from typing import Final

from packhorse.core.events import (
    HOST,
    Closed,
    Event,
    Joined,
    Message,
    PeerId,
    PeerJoined,
    PeerLeft,
    SessionLost,
    SessionResumed,
)
from packhorse.core.retransmission import Retransmission
from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.errors import (
    ConfigurationError,
    LocalProtocolError,
    ParseError,
    SessionClosedByError,
    TransactionTimeoutError,
)
from packhorse.wire.legacy import LegacyDatagram, decode_legacy, encode_legacy

REGISTERING: Final = "registering with the legacy relay"  # the stage, as errors name it
REGISTRATION_INTERVAL: Final = c.PING_INTERVAL  # seconds without a datagram either way
PEER_GONE_AFTER: Final = c.LEGACY_KEEPALIVE_STOP  # seconds; the relay forgets it then, too
MAX_PAYLOAD: Final = c.MAX_DATAGRAM - c.HEADER_SIZE  # bytes
_HOST_ADVICE: Final = (
    "check the relay's address, that it runs with --legacy, and that no other host uses it: "
    f"a relay keeps the id of a host that has gone for {c.LEGACY_TAKEOVER_AFTER} s"
)
_CLIENT_ADVICE: Final = (
    "check the relay's address, that it runs with --legacy, that the host was there first, "
    "and that nobody else uses this --id"
)


class LegacyState(Enum):
    """Where the session stands."""

    REGISTERING = "registering"
    REGISTERED = "registered"
    CLOSED = "closed"


class LegacyCause(Enum):
    """What moves the session to another state."""

    ECHOED = "echoed"
    UNANSWERED = "unanswered"
    SILENT = "silent"
    LEFT = "left"


TRANSITIONS: Final = {
    (LegacyState.REGISTERING, LegacyCause.ECHOED): LegacyState.REGISTERED,
    (LegacyState.REGISTERING, LegacyCause.UNANSWERED): LegacyState.CLOSED,
    (LegacyState.REGISTERING, LegacyCause.LEFT): LegacyState.CLOSED,
    (LegacyState.REGISTERED, LegacyCause.ECHOED): LegacyState.REGISTERED,
    (LegacyState.REGISTERED, LegacyCause.SILENT): LegacyState.CLOSED,
    (LegacyState.REGISTERED, LegacyCause.LEFT): LegacyState.CLOSED,
}


def unanswered(peer_id: int, sends: int, elapsed: float) -> TransactionTimeoutError:
    """Return the error of a registration that the relay did not echo.

    Args:
        peer_id: Id that was to be registered.
        sends: How often it was sent; 0 when that is not known.
        elapsed: Seconds from the first send to giving up.
    """
    error = TransactionTimeoutError(REGISTERING, sends, elapsed)
    error.advice = _HOST_ADVICE if peer_id == HOST else _CLIENT_ADVICE
    return error


class LegacySession:
    """One id at a legacy relay.

    Commands raise `LocalProtocolError` when they are illegal in the current state;
    the five other methods never raise for what came from the network.
    """

    def __init__(self, peer_id: int, relay: TransportAddress, *, now: float) -> None:
        """Start to register.

        Args:
            peer_id: 1 to be the host, else 2..2^31-1.
            relay: Only datagrams from there are taken.
            now: Seconds, monotonic.

        Raises:
            ConfigurationError: The id is out of range.
        """
        if not HOST <= peer_id <= c.LEGACY_MAX_ID:
            raise ConfigurationError(f"id is {peer_id}, must be 1..{c.LEGACY_MAX_ID}")
        self.peer_id = PeerId(peer_id)
        """Own id; 1 is the host."""
        self.state = LegacyState.REGISTERING
        self.drops: Counter[DropReason] = Counter()
        """Datagrams that were not acted upon, by reason."""
        self._relay = relay
        self._registration = Retransmission(now=now)
        final_after = c.HOST_REMOVED_AFTER if self._is_host else c.CLIENT_REMOVED_AFTER
        self._silence = _Silence(final_after, now=now)
        self._peers = _Peers()
        self._registered_at = now
        self._sent_at = now
        self._outbox: list[bytes] = []
        self._events: deque[Event] = deque()

    @property
    def peers(self) -> frozenset[PeerId]:
        """Ids of the others: at the host those that were heard, else the host alone."""
        return self._peers.ids if self._is_host else frozenset({HOST})

    def encode_data(self, data: bytes, to: int, *, now: float) -> bytes:
        """Return the datagram that carries `data` to the id `to`.

        Raises:
            LocalProtocolError: Not registered, `data` not of 1..`MAX_PAYLOAD` bytes, or
                `to` no other id.
        """
        if self.state is not LegacyState.REGISTERED:
            raise LocalProtocolError(f"sending is illegal while {self.state.value}")
        if not 1 <= len(data) <= MAX_PAYLOAD:
            raise LocalProtocolError(f"payload of {len(data)} bytes, must be 1..{MAX_PAYLOAD}")
        if not HOST <= to <= c.LEGACY_MAX_ID or to == self.peer_id:
            raise LocalProtocolError(f"id {to} cannot be addressed")
        self._sent_at = now
        return encode_legacy(to, data)

    def leave(self) -> None:
        """End the session; `Closed` follows. Harmless when it has ended."""
        if self.state is not LegacyState.CLOSED:
            self._close(LegacyCause.LEFT, Closed(None))

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Act upon a datagram or count why not; never raises for what came from outside."""
        if self.state is LegacyState.CLOSED:
            return
        try:
            self._receive(data, source, now)
        except ParseError as error:
            self.drops[error.reason] += 1

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due; calling early or late is harmless."""
        if self.state is LegacyState.REGISTERING:
            self._keep_asking(now)
        elif self.state is LegacyState.REGISTERED:
            self._events += [PeerLeft(peer) for peer in self._peers.forget_silent(now=now)]
            self._check_silence(now)
            if now >= self._registration_is_due_at() and self.state is LegacyState.REGISTERED:
                self._register(now)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` next has work, or None."""
        if self.state is LegacyState.CLOSED:
            return None
        if self.state is LegacyState.REGISTERING:
            return self._registration.deadline
        return min(
            self._registration_is_due_at(), self._silence.next_timeout(), self._peers.next_timeout()
        )

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out now."""
        datagrams, self._outbox = self._outbox, []
        return [(datagram, self._relay) for datagram in datagrams]

    def next_event(self) -> Event | None:
        """Drain one event."""
        return self._events.popleft() if self._events else None

    @property
    def _is_host(self) -> bool:
        return self.peer_id == HOST

    def _receive(self, data: bytes, source: TransportAddress, now: float) -> None:
        if source[:2] != self._relay[:2]:
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        datagram = decode_legacy(data)
        if self.state is LegacyState.REGISTERING:
            self._expect_echo(datagram)
        if self._silence.end(now=now):
            self._events.append(SessionResumed())
        if datagram.payload:
            self._take_message(datagram, now)
        elif datagram.peer != self.peer_id:
            self._hear(datagram.peer, now)

    def _expect_echo(self, datagram: LegacyDatagram) -> None:
        if datagram != (self.peer_id, b""):
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        self._advance(LegacyCause.ECHOED)
        self._events.append(Joined())

    def _take_message(self, datagram: LegacyDatagram, now: float) -> None:
        """Hand on data: the host reads its sender's id, others their own."""
        if self._is_host:
            self._hear(datagram.peer, now)
            self._events.append(Message(datagram.payload, PeerId(datagram.peer)))
        elif datagram.peer == self.peer_id:
            self._events.append(Message(datagram.payload, HOST))
        else:
            raise ParseError(DropReason.LEGACY_UNKNOWN_ID)

    def _hear(self, peer: int, now: float) -> None:
        if not self._is_host or peer == HOST:
            raise ParseError(DropReason.LEGACY_UNKNOWN_ID)
        if self._peers.hear(PeerId(peer), now=now):
            self._events.append(PeerJoined(PeerId(peer)))

    def _keep_asking(self, now: float) -> None:
        schedule = self._registration
        if not schedule.is_due(now=now):
            return
        if schedule.is_exhausted:
            error = unanswered(self.peer_id, schedule.sends, now - schedule.started_at)
            self._close(LegacyCause.UNANSWERED, Closed(error))
            return
        schedule.count_send(now=now)
        self._register(now)

    def _register(self, now: float) -> None:
        self._registered_at = self._sent_at = now
        self._outbox.append(encode_legacy(self.peer_id))

    def _registration_is_due_at(self) -> float:
        """When nothing was sent: the NAT may forget. Nothing heard: the relay may have."""
        quiet_since = min(self._sent_at, self._silence.heard_at)
        return max(quiet_since, self._registered_at) + REGISTRATION_INTERVAL

    def _check_silence(self, now: float) -> None:
        if self._silence.is_final(now=now):
            error = SessionClosedByError(ErrorCode.LEASE_EXPIRED)
            self._close(LegacyCause.SILENT, Closed(error))
        elif self._silence.begins(now=now):
            self._events.append(SessionLost())

    def _close(self, cause: LegacyCause, closed: Closed) -> None:
        self._advance(cause)
        self._outbox = []
        self._events.append(closed)

    def _advance(self, cause: LegacyCause) -> None:
        self.state = TRANSITIONS[self.state, cause]


class _Silence:
    """What it means that nothing comes from the relay, which has a keepalive a second."""

    def __init__(self, final_after: float, *, now: float) -> None:
        self._final_after = final_after
        self._is_lost = False
        self.heard_at = now

    def next_timeout(self) -> float:
        return self.heard_at + (self._final_after if self._is_lost else c.LOST_AFTER)

    def end(self, *, now: float) -> bool:
        """Note a datagram of the relay; True when it was lost before."""
        was_lost, self._is_lost = self._is_lost, False
        self.heard_at = now
        return was_lost

    def begins(self, *, now: float) -> bool:
        """Tell whether the relay is lost from now on."""
        if self._is_lost or now < self.heard_at + c.LOST_AFTER:
            return False
        self._is_lost = True
        return True

    def is_final(self, *, now: float) -> bool:
        return now >= self.heard_at + self._final_after


class _Peers:
    """Ids that the host has heard of, and when it last did."""

    def __init__(self) -> None:
        self._heard_at: dict[PeerId, float] = {}
        self._look_at = float("inf")

    @property
    def ids(self) -> frozenset[PeerId]:
        return frozenset(self._heard_at)

    def hear(self, peer: PeerId, *, now: float) -> bool:
        """Note a sign of life; True when the peer is new.

        Raises:
            ParseError: It is new and the table is full.
        """
        is_new = peer not in self._heard_at
        if is_new and len(self._heard_at) >= c.LEGACY_MAX_PEERS - 1:
            raise ParseError(DropReason.LEGACY_FULL)
        self._heard_at[peer] = now
        self._look_at = min(self._look_at, now + PEER_GONE_AFTER)
        return is_new

    def next_timeout(self) -> float:
        """Return when to look for silent peers, which may turn out to be too early."""
        return self._look_at

    def forget_silent(self, *, now: float) -> list[PeerId]:
        """Forget and return the peers that were silent for too long."""
        if now < self._look_at:
            return []
        gone = [peer for peer, at in self._heard_at.items() if now >= at + PEER_GONE_AFTER]
        for peer in gone:
            del self._heard_at[peer]
        self._look_at = min(self._heard_at.values(), default=float("inf")) + PEER_GONE_AFTER
        return gone
