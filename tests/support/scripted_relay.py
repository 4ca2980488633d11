"""A relay that does what a test tells it, for one member: no decisions, only codecs."""

from random import Random
from typing import Final

from packhorse.core.events import Event
from packhorse.core.joining import CreateRoom, Wish
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte, Kind
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header, encode_header
from packhorse.wire.messages import (
    Challenge,
    Events,
    Grant,
    MemberCtrl,
    MemberSeal,
    Message,
    RelayCtrl,
    RelaySeal,
    Roster,
)
from packhorse.wire.seal import decode_seal, derive_keys, encode_seal

RELAY: Final = TransportAddress("192.0.2.1", 6969)
COOKIE: Final = bytes(range(20))
GRANT: Final = Grant(
    version=1,
    features=0,
    max_datagram=1200,
    topology=0,
    max_peers=64,
    code="K7QM2XPA",
    session=0x01020304,
    tag=0x5C,
    key=bytes(range(32)),
    peer=2,
    rev=2,
    ping_interval_ms=5000,
    lost_after_ms=15000,
    removed_after_ms=60000,
    mapped=bytes([198, 51, 100, 7, 0x9C, 0x40]),
)
"""Peer 2 of a room with the host and itself."""
PRESENT_2: Final = ((1, 0), (2, 0))
"""The roster that fits `GRANT`."""


def middle(count: int) -> bytes:
    """Return the random bytes that vary a PING interval by as good as nothing."""
    return b"\x80" + bytes(count - 1)


class SealedSide:
    """The relay's end of the SEAL of one session."""

    def __init__(self, grant: Grant = GRANT) -> None:
        self._grant = grant
        self._keys = derive_keys(grant.key)
        self._next_seq = 1

    def take_seq(self) -> int:
        """Return the next sequence number."""
        self._next_seq += 1
        return self._next_seq - 1

    def seal(self, message: RelaySeal) -> bytes:
        """Return the datagram of a message."""
        return encode_seal(
            message, self._grant.session, self._grant.tag, self._keys.relay_to_member
        )

    def roster(
        self,
        rev: int = 2,
        peers: tuple[tuple[int, int], ...] = PRESENT_2,
        page: int = 0,
        pages: int = 1,
    ) -> bytes:
        """Return a page of ROSTER."""
        return self.seal(Roster(seq=self.take_seq(), rev=rev, page=page, pages=pages, peers=peers))

    def events(self, *events: tuple[int, int, int, int]) -> bytes:
        """Return EVENTS with records (rev, kind, peer, code)."""
        return self.seal(Events(seq=self.take_seq(), events=events))

    def data(self, payload: bytes, source: int, *, tag: int | None = None) -> bytes:
        """Return DATA from a peer."""
        used = self._grant.tag if tag is None else tag
        return encode_header(FirstByte.DATA, used, source) + payload

    def open(self, datagram: bytes) -> MemberSeal:
        """Return what the member says."""
        return decode_seal(datagram, self._keys.member_to_relay, Sender.MEMBER)


class ScriptedRelay:
    """One session, the time, and the other side of its conversation."""

    def __init__(
        self, wish: Wish | None = None, grant: Grant = GRANT, *, now: float = 100.0
    ) -> None:
        self.now = now
        self.grant = grant
        self.sealed = SealedSide(grant)
        random_bytes = Random(7).randbytes  # noqa: S311 - repeatable by design
        self.session = MemberSession(wish or CreateRoom(), RELAY, random_bytes, now=now)
        self.transaction = 0
        """Of the newest request."""

    def sent(self) -> list[bytes]:
        """Do what is due now and return what the member sends."""
        self.session.handle_timeout(now=self.now)
        datagrams = [datagram for datagram, _ in self.session.datagrams_to_send()]
        for datagram in datagrams:
            header = decode_header(datagram)
            if header.kind is Kind.CTRL:
                self.transaction = header.word
        return datagrams

    def requests(self) -> list[MemberCtrl]:
        """Return the CTRL messages that the member sends now."""
        return [decode_ctrl(datagram, Sender.MEMBER) for datagram in self.sent()]

    def said(self) -> list[MemberSeal]:
        """Return the SEAL messages that the member sends now."""
        return [self.sealed.open(datagram) for datagram in self.sent()]

    def wait(self, seconds: float) -> None:
        """Let time pass without a call of the session."""
        self.now += seconds

    def give(self, *datagrams: bytes) -> None:
        """Let the member receive datagrams."""
        for datagram in datagrams:
            self.session.receive_datagram(datagram, RELAY, now=self.now)

    def answer(self, message: RelayCtrl, transaction: int | None = None) -> None:
        """Answer the newest request, or another."""
        self.give(encode_ctrl(message, self.transaction if transaction is None else transaction))

    def challenge(self) -> None:
        """Let the member greet, and challenge it."""
        self.sent()
        self.answer(Challenge(version=1, features=0, cookie=COOKIE))

    def join(self) -> None:
        """Bring the member to state JOINED, with its roster and nothing left to send."""
        self.challenge()
        self.sent()
        self.answer(self.grant)
        self.give(self.sealed.roster(self.grant.rev))
        self.sent()
        self.events()

    def events(self) -> list[Event]:
        """Drain the events."""
        events: list[Event] = []
        while (event := self.session.next_event()) is not None:
            events.append(event)
        return events


def of_type(messages: list[MemberSeal], kind: type[Message]) -> list[MemberSeal]:
    """Return the messages of one type."""
    return [message for message in messages if isinstance(message, kind)]
