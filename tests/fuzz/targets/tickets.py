"""Tickets of operators and resume tickets, forged and good, and keys as people type them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from packhorse.wire.constants import Topology
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.room_code import RoomCode
from packhorse.wire.ticket import (
    Permission,
    Ticket,
    open_ticket,
    parse_key,
    parse_secret,
    parse_ticket,
    show_secret,
    sign_ticket,
)
from packhorse_relay.core.resume_tickets import ResumeTickets, TicketContent
from tests.fuzz.oracles import check, decoded

_KEY: Final = bytes(range(32))
_TICKET: Final = Ticket(id=bytes(8), permissions=Permission.CREATE, expires_at=1, app="tag")
_PLACE: Final = TicketContent(1, bytes(16), 2, 3, Topology.STAR, 8, RoomCode("K7QM2XPA"))
_FORMER: Final = ResumeTickets(_KEY, b"former__", unix_now=1000.0, now=0.0)
_PRESENT: Final = ResumeTickets(_KEY, b"present_", unix_now=1000.0, now=0.0)
_MAC_SIZE: Final = 16  # bytes
_FIRST: Final = 20  # bytes of a ticket: what comes before its application


def seeds() -> Iterable[bytes]:
    """Return good tickets, as bytes and as text."""
    signed = [sign_ticket(_TICKET, _KEY), sign_ticket(replace(_TICKET, app="", max_peers=9), _KEY)]
    resume = [_FORMER.make(place, 10.0, now=0.0) for place in (_PLACE, _PLACE._replace(app="tag"))]
    return [*signed, *resume, *(show_secret(each).encode() for each in (*signed, _KEY))]


def run(data: bytes) -> None:
    """Read what anybody shows, what the operator signed, and what people copied."""
    check(decoded(lambda: open_ticket(data, _KEY)) is None or data in seeds(), "a forged ticket")
    check(_PRESENT.read(data, now=0.0) is None or data in seeds(), "a forged resume ticket")
    check(_FORMER.read(data, now=0.0) is None, "a ticket of this very run")
    _check_signed(data)
    _check_resumed(data)
    _check_text(data.decode("utf-8", "replace"))


def _check_signed(said: bytes) -> None:
    """A ticket with this application, and these numbers, is read as it was signed."""
    app = said[_FIRST:].decode("utf-8", "ignore")[:16]
    ticket = replace(
        _TICKET,
        id=said[:8].ljust(8, b"\0"),
        permissions=Permission(sum(said[8:9]) & 3),
        expires_at=int.from_bytes(said[9:17], "big"),
        max_peers=int.from_bytes(said[17:19], "big"),
        app=app,
    )
    signed = sign_ticket(ticket, _KEY)
    check(open_ticket(signed, _KEY) == ticket, "another ticket")
    check(parse_ticket(show_secret(signed)) == signed, "another text")
    check(decoded(lambda: open_ticket(signed, _KEY[1:])) is None, "another key")
    check(decoded(lambda: open_ticket(signed[:-1], _KEY)) is None, "a ticket cut short")


def _check_resumed(said: bytes) -> None:
    """A resume ticket is read by the next run, until it has expired, and by nobody else."""
    place = _PLACE._replace(
        session=int.from_bytes(said[:4], "big"),
        key_nonce=said[4:20].ljust(16, b"\0"),
        topology=Topology.STAR if said[:1] > b"\x7f" else Topology.MESH,
        is_guarded=said[1:2] > b"\x7f",
        app=said[_FIRST:].decode("utf-8", "ignore") if said[2:3] > b"\x7f" else None,
    )
    ticket = _FORMER.make(place, 10.0, now=0.0)
    check(_PRESENT.read(ticket, now=10.0) == place, "another place")
    check(_PRESENT.read(ticket, now=11.0) is None, "an expired ticket")
    check(_PRESENT.read(ticket[:-1], now=0.0) is None, "a ticket cut short")
    other = ResumeTickets(_KEY[::-1], b"present_", unix_now=1000.0, now=0.0)
    check(other.read(ticket, now=0.0) is None, "another relay")


def _check_text(text: str) -> None:
    """Text is a secret, or refused with advice; what is shown of it means the same."""
    for parse in (parse_secret, parse_ticket, parse_key):
        secret = _configured(parse, text)
        if secret is not None:
            check(parse(show_secret(secret)) == secret, "another secret")


def _configured(parse: Callable[[str], bytes], text: str) -> bytes | None:
    try:
        return parse(text)
    except ConfigurationError:
        return None
