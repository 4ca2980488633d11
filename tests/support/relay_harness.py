"""A relay core under a test's hands, and members that speak the wire by themselves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from random import Random
from secrets import token_bytes
from typing import Any, Final, NamedTuple

from packhorse.core.room_change import RoomChange
from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, FirstByte, Topology
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.fields import Sender
from packhorse.wire.header import encode_destination
from packhorse.wire.messages import (
    Admit,
    Challenge,
    Grant,
    Kick,
    Leave,
    MemberSeal,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    RelayCtrl,
    RelaySeal,
    Sync,
)
from packhorse.wire.seal import DirectionKeys, decode_seal, derive_keys, encode_seal
from packhorse_relay.core.relay import RelayCore
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.tickets import OPEN_GATE, Gate
from tests.support.applicant import Applicant, nonce

START: Final = 1000.0  # seconds
UNLIMITED: Final = Settings(
    hello_rate=1e6, reply_rate=1e6, reply_rate_total=1e6, create_rate=1e6, join_rate=1e6
)
"""For tests whose point is no rate."""


class Sent(NamedTuple):
    """One datagram that the relay sent."""

    data: bytes
    address: TransportAddress


class Outcome(NamedTuple):
    """What became of one datagram at the relay."""

    drop: DropReason | None
    """The reason that was counted."""
    sent: list[Sent]

    def to(self, address: TransportAddress) -> list[bytes]:
        """Return what was sent to `address`."""
        return [sent.data for sent in self.sent if sent.address == address]

    @property
    def answers(self) -> list[RelayCtrl]:
        """What was sent in CTRL, to whomever."""
        return ctrl_of(self.sent)

    @property
    def answer(self) -> RelayCtrl:
        """The first that was sent in CTRL."""
        return self.answers[0]


def seeded_bytes(seed: object) -> Callable[[int], bytes]:
    """Return a source of bytes that is the same in every run."""
    return Random(str(seed)).randbytes  # noqa: S311 - repeatable by design


def address(number: int, port: int = 40000, *, listener: int = 0) -> TransportAddress:
    """Return an address of a source of its own, one for each number 0..64999."""
    host = f"198.18.{number // 250}.{number % 250 + 1}"
    return TransportAddress(host, port, listener)


def ctrl_of(sent: Iterable[Sent]) -> list[RelayCtrl]:
    """Decode what the relay sent in CTRL."""
    return [
        decode_ctrl(data, Sender.RELAY) for data, _ in sent if data[:1] == bytes([FirstByte.CTRL])
    ]


class Rig:
    """A relay core and its clock."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        legacy: LegacyRoom | None = None,
        gate: Gate = OPEN_GATE,
        random_bytes: Callable[[int], bytes] | None = None,
        stream_listener: int | None = None,
        now: float = START,
    ) -> None:
        self.now = now
        """Seconds."""
        source = random_bytes or seeded_bytes(0)
        self.core = RelayCore(
            settings or Settings(), source, legacy, gate, stream_listener=stream_listener, now=now
        )

    def send(self, data: bytes, source: TransportAddress) -> Outcome:
        """Hand a datagram to the relay."""
        before = self.core.drops.copy()
        self.core.receive_datagram(data, source, now=self.now)
        reasons = list((self.core.drops - before).elements())
        if len(reasons) > 1:
            raise AssertionError(f"one datagram counts for {reasons}")
        return Outcome(reasons[0] if reasons else None, self.drain())

    def drain(self) -> list[Sent]:
        """Return what the relay wants to send."""
        return [Sent(*datagram) for datagram in self.core.datagrams_to_send()]

    def advance(self, seconds: float) -> list[Sent]:
        """Let time pass, with every timeout at its time; returns what was sent."""
        deadline = self.now + seconds
        sent: list[Sent] = []
        while (when := self.core.next_timeout()) is not None and when <= deadline:
            self.now = max(self.now, when)
            self.core.handle_timeout(now=self.now)
            sent += self.drain()
        self.now = deadline
        return sent

    def cookie(self, applicant: Applicant) -> bytes:
        """Say HELLO and return the cookie."""
        challenge = self.send(applicant.hello(), applicant.address).answer
        assert isinstance(challenge, Challenge), challenge
        return challenge.cookie

    def ask_to_create(
        self, applicant: Applicant, *, topology: int | None = None, max_peers: int | None = None
    ) -> Outcome:
        """Say HELLO and CREATE; returns the outcome of CREATE."""
        create = applicant.create(self.cookie(applicant), topology=topology, max_peers=max_peers)
        return self.send(create, applicant.address)

    def ask_to_join(
        self, applicant: Applicant, code: str, password_key: bytes | None = None
    ) -> Outcome:
        """Say HELLO and JOIN; returns the outcome of JOIN."""
        join = applicant.join(self.cookie(applicant), code, password_key=password_key)
        return self.send(join, applicant.address)

    def create(
        self,
        at: TransportAddress,
        *,
        topology: Topology | None = None,
        max_peers: int | None = None,
        number: int = 1,
    ) -> "RawMember":
        """Create a room from the address `at` and return its host."""
        applicant = Applicant(address=at, nonce=nonce(number))
        outcome = self.ask_to_create(applicant, topology=topology, max_peers=max_peers)
        return RawMember.granted(self, outcome, at)

    def join(self, code: str, at: TransportAddress, *, number: int = 1) -> "RawMember":
        """Join a room from the address `at`."""
        applicant = Applicant(address=at, nonce=nonce(number))
        return RawMember.granted(self, self.ask_to_join(applicant, code), at)

    def room(self, size: int, *, topology: Topology | None = None, first: int = 1) -> "Members":
        """Create a room with `size` members, at `address(first)` and those after it."""
        host = self.create(address(first), topology=topology)
        numbers = range(first + 1, first + size)
        return [host, *(self.join(host.code, address(number)) for number in numbers)]


@dataclass(slots=True, eq=False)
class RawMember:
    """A member that does nothing by itself: a test says what it sends and when."""

    rig: Rig
    address: TransportAddress
    """Where it sends from; a test may change it."""
    grant: Grant
    keys: DirectionKeys
    next_seq: int = 1
    inbox: list[RelaySeal] = field(default_factory=list)
    """What came in SEAL with GRANT."""
    consents: bool = True
    """Answer at once when the relay asks whether the address still receives."""

    @classmethod
    def granted(cls, rig: Rig, outcome: Outcome, at: TransportAddress) -> "RawMember":
        """Return the member that the outcome of CREATE or JOIN made."""
        grants = [answer for answer in outcome.answers if isinstance(answer, Grant)]
        if not grants:
            raise AssertionError(f"no GRANT but {outcome}")
        member = cls(rig, at, grants[0], derive_keys(grants[0].key))
        member.inbox = member.heard(outcome.sent)
        return member

    @property
    def code(self) -> str:
        """Room code."""
        return self.grant.code

    @property
    def peer(self) -> int:
        """Peer id."""
        return self.grant.peer

    def ping(self, pad: int = c.PING_PAD) -> bytes:
        """Return the next SEAL datagram: PING."""
        return self.seal(Ping(seq=self._take_seq(), pad=bytes(pad)))

    def sync(self, since: int) -> bytes:
        """Return the next SEAL datagram: SYNC."""
        return self.seal(Sync(seq=self._take_seq(), since=since))

    def leave(self) -> bytes:
        """Return the next SEAL datagram: LEAVE."""
        return self.seal(Leave(seq=self._take_seq()))

    def kick(self, peer: int, *, ban: bool | None = None) -> bytes:
        """Return the next SEAL datagram: KICK."""
        return self.seal(Kick(seq=self._take_seq(), peer=peer, ban=ban))

    def set_room(self, **changes: Any) -> bytes:
        """Return the next SEAL datagram: SET_ROOM with the fields of `RoomChange`."""
        change = RoomChange(**changes)
        return self.seal(change.message(self._take_seq(), self.grant.key, token_bytes(16)))

    def decide(self, request: int, *, admit: bool) -> bytes:
        """Return the next SEAL datagram: ADMIT."""
        return self.seal(Admit(seq=self._take_seq(), request=request, admit=admit))

    def path_response(self, challenge: bytes) -> bytes:
        """Return the next SEAL datagram: PATH_RESPONSE."""
        return self.seal(PathResponse(seq=self._take_seq(), challenge=challenge))

    def data(
        self, destination: int, payload: bytes = b"hi", first_byte: FirstByte = FirstByte.DATA
    ) -> bytes:
        """Return DATA or FRAME."""
        return encode_destination(first_byte, self.grant.tag, destination) + payload

    def send(self, data: bytes, source: TransportAddress | None = None) -> Outcome:
        """Send a datagram from the own address or another; consent as members do."""
        outcome = self.rig.send(data, source or self.address)
        if self.consents and source is None:
            self._consent(outcome)
        return outcome

    def _consent(self, outcome: Outcome) -> None:
        """Answer PATH_CHALLENGE to the address that the session has already, unseen by tests."""
        for datagram in outcome.to(self.address):
            for message in self.heard([Sent(datagram, self.address)]):
                if isinstance(message, PathChallenge) and self.is_at_home():
                    outcome.sent.remove(Sent(datagram, self.address))
                    self.rig.send(self.path_response(message.challenge), self.address)

    def is_at_home(self) -> bool:
        """Tell whether the session has moved to where the member is."""
        session = self.rig.core._registry.sessions.get(self.grant.session)
        return session is not None and session.address == self.address

    def heard(self, sent: Iterable[Sent]) -> list[RelaySeal]:
        """Decode what was sent to this session in SEAL, wherever it was sent to."""
        return [message for message, _ in self.heard_at(sent)]

    def heard_at(self, sent: Iterable[Sent]) -> list[tuple[RelaySeal, TransportAddress]]:
        """Decode what was sent to this session in SEAL, with where it was sent to."""
        prefix = bytes([FirstByte.SEAL, self.grant.tag]) + self.grant.session.to_bytes(4, "big")
        key = self.keys.relay_to_member
        return [
            (decode_seal(data, key, Sender.RELAY), to)
            for data, to in sent
            if data[: c.HEADER_SIZE] == prefix
        ]

    def seal(self, message: MemberSeal) -> bytes:
        """Sign a message."""
        key = self.keys.member_to_relay
        return encode_seal(message, self.grant.session, self.grant.tag, key)

    def _take_seq(self) -> int:
        seq = self.next_seq
        self.next_seq += 1
        return seq


Members = list[RawMember]


def without_tickets(
    heard: list[tuple[RelaySeal, TransportAddress]],
) -> list[tuple[RelaySeal, TransportAddress]]:
    """Leave out the tickets of PONG, which have tests of their own."""
    return [
        (replace(message, resume_ticket=None) if isinstance(message, Pong) else message, at)
        for message, at in heard
    ]
