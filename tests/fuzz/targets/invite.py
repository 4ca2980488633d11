"""Relay addresses and invites as people type them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from packhorse.core.relay_address import parse_invite, parse_relay_address
from packhorse.wire.errors import ConfigurationError
from tests.fuzz.oracles import check

T = TypeVar("T")


def seeds() -> Iterable[bytes]:
    """Return one text of each form."""
    return [
        b"relay.example.net",
        b"relay.example.net:7000",
        b"192.0.2.7:6969",
        b"::1",
        b"[2001:db8::7]:6969",
        b"[::1]",
        b"wss://relay.example.net",
        b"K7QM-2XPA",
        b"k7qm 2xpa@relay.example.net:6969",
        b"K7QM2XPA@[::1]:6969",
        b"host:" + b"1" * 5000,
    ]


def run(data: bytes) -> None:
    """Read a text; what is accepted is shown in a form that means the same."""
    text = data.decode(errors="replace")
    address = _accepted(parse_relay_address, text)
    if address is not None:
        check(parse_relay_address(str(address)) == address, "another address")
    invite = _accepted(parse_invite, text)
    if invite is not None and invite.relay is not None:
        again = parse_invite(f"{invite.code}@{invite.relay}")
        check(again == invite, "another invite")


def _accepted(parse: Callable[[str], T], text: str) -> T | None:
    try:
        return parse(text)
    except ConfigurationError:
        return None
