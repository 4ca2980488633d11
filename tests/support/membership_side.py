"""A membership without the handshake before it, and the relay's end of its SEAL."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from packhorse.core.membership import Membership
from packhorse.core.saved_session import SavedSession
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError, SessionClosedByError
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Ack, Closed, Grant, MemberSeal, Pong
from tests.support.scripted_relay import GRANT, SealedSide, middle

if TYPE_CHECKING:
    from packhorse.core.events import Event


class MembershipSide:
    """A membership from time 0 on, with the relay's keys."""

    def __init__(self, grant: Grant = GRANT, *, with_roster: bool = True) -> None:
        self.events: list[Event] = []
        self.drops: Counter[DropReason] = Counter()
        self.relay = SealedSide(grant)
        saved = SavedSession(grant.session, grant.key, grant.max_datagram, grant.resume_ticket)
        self.membership = Membership(
            grant, saved, middle, self.events.append, self.drops, is_locked=False, now=0.0
        )
        if with_roster:
            self.receive(self.relay.roster())
            self.said(0.0)
            self.events.clear()

    def receive(self, *datagrams: bytes, now: float = 0.0) -> None:
        """Take in SEAL datagrams."""
        for datagram in datagrams:
            self.membership.receive_seal(datagram, now=now)

    def receive_data(self, payload: bytes, source: int) -> None:
        """Take in DATA."""
        header = decode_header(self.relay.data(payload, source))
        self.membership.receive_data(header, payload, now=0.0)

    def refused_data(self, payload: bytes, source: int) -> DropReason:
        """Return why DATA is dropped."""
        with pytest.raises(ParseError) as caught:
            self.receive_data(payload, source)
        return caught.value.reason

    def pong(self, ping: int, rev: int = 2, mapped: bytes = GRANT.mapped) -> bytes:
        """Return a PONG."""
        return self.relay.seal(Pong(seq=self.relay.take_seq(), ping=ping, rev=rev, mapped=mapped))

    def ack(self, request: int, code: int = 0) -> bytes:
        """Return an ACK."""
        return self.relay.seal(Ack(seq=self.relay.take_seq(), request=request, code=code))

    def close(self, code: int) -> bytes:
        """Return CLOSED."""
        return self.relay.seal(Closed(seq=self.relay.take_seq(), code=code))

    def said(self, now: float) -> list[MemberSeal]:
        """Do what is due and return what is sent."""
        self.membership.handle_timeout(now=now)
        return [self.relay.open(datagram) for datagram in self.membership.datagrams_to_send()]

    def closed_code(self) -> int | None:
        """Return the code that the session was closed with, None when it was left."""
        assert self.membership.closed is not None
        error = self.membership.closed.error
        return error.code if isinstance(error, SessionClosedByError) else None
