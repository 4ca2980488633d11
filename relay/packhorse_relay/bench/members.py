"""Members of rooms, as load: blocking until they are in, then only sockets."""

import secrets
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from packhorse.core.events import Joined
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte
from packhorse.wire.errors import ConnectivityError
from packhorse.wire.header import decode_header, encode_destination

_BUFFER: Final = 1 << 20  # bytes
LARGEST: Final = 2048  # bytes
_PATIENCE: Final = 5.0  # seconds
_ANSWER: Final = 0.05  # seconds in which answers come


@dataclass(slots=True)
class Member:
    """A socket that is a member, and how it addresses another."""

    sock: socket.socket
    peer: int
    tag: int
    session: MemberSession | None = None

    def keep_session(self) -> None:
        """Let the session do what is due, so that the relay does not end it.

        Answers are awaited: those that come later are lost among the load.
        """
        if self.session is None or not self._do_what_is_due(self.session):
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            selector.select(_ANSWER)
        self._do_what_is_due(self.session)

    def _do_what_is_due(self, session: MemberSession) -> bool:
        """Tell whether something was sent."""
        relay, sent = TransportAddress(*self.sock.getpeername()[:2]), False
        for data in _read(self.sock):
            session.receive_datagram(data, relay, now=time.monotonic())
        session.handle_timeout(now=time.monotonic())
        for datagram, _ in session.datagrams_to_send():
            self.sock.send(datagram)
            sent = True
        return sent

    def datagram_to(self, destination: int, payload: bytes) -> bytes:
        """Return DATA for a peer, 0 for all others."""
        return encode_destination(FirstByte.DATA, self.tag, destination) + payload


def fill_room(relay: tuple[str, int], count: int, source: str) -> list[Member]:
    """Open a room and bring `count` members in, all from the IP address `source`.

    Raises:
        ConnectivityError: The relay did not let them in.
    """
    host, session = join_room(relay, CreateRoom(), source)
    wish = JoinRoom(session.code)
    return [host, *(join_room(relay, wish, source)[0] for _ in range(count - 1))]


def register(relay: tuple[str, int]) -> Member:
    """Become a member of a relay that takes anybody, as `plain_relay` does."""
    sock = connected(relay)
    sock.send(encode_destination(FirstByte.DATA, 0, 0))
    wait_readable(sock)
    return Member(sock, int.from_bytes(sock.recv(LARGEST)[2:6], "big"), 0)


def connected(relay: tuple[str, int], source: str = "") -> socket.socket:
    """Return a socket that sends to a relay, from an IP address if it matters; it never waits."""
    family = socket.AF_INET6 if ":" in relay[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.bind((source, 0))
    sock.connect(relay)
    sock.settimeout(0)
    return sock


def wait_readable(sock: socket.socket) -> None:
    """Wait for an answer.

    Raises:
        ConnectivityError: None came.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        if not selector.select(_PATIENCE):
            raise ConnectivityError("measuring", ("the relay does not answer",))


def join_room(
    relay: tuple[str, int], wish: CreateRoom | JoinRoom, source: str = ""
) -> tuple[Member, MemberSession]:
    """Return a member and its session, from an IP address if it matters.

    Raises:
        ConnectivityError: The relay did not let it in.
    """
    sock, address = connected(relay, source), TransportAddress(*relay)
    session = MemberSession(wish, address, secrets.token_bytes, now=time.monotonic())
    member = Member(sock, 0, 0, session)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        member.keep_session()
        if any(isinstance(event, Joined) for event in iter(session.next_event, None)):
            member.peer = session.peer_id
            member.tag = decode_header(session.encode_data(b"x", 0)).tag
            return member, session
    raise ConnectivityError("measuring", (f"not let in: {dict(session.drops)}",))


def _read(sock: socket.socket) -> Iterator[bytes]:
    with suppress(BlockingIOError):
        while True:
            yield sock.recv(LARGEST)
