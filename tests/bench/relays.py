"""Relays under load: start one, bring members in, count its processor time."""

import os
import secrets
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Final

from packhorse.core.events import Joined
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import decode_header, encode_destination
from tests.support.processes import Started

_BUFFER: Final = 1 << 20  # bytes
_PATIENCE: Final = 5.0  # seconds
RELAY_CPU: Final = 0
LOAD_CPU: Final = 1


@dataclass(slots=True)
class Member:
    """A socket that is a member, and how it addresses another."""

    sock: socket.socket
    peer: int
    tag: int
    session: MemberSession | None = None

    def keep_session(self) -> None:
        """Let the session do what is due, so that the relay does not end it."""
        if self.session is not None:
            for data in _read(self.sock):
                self.session.receive_datagram(data, self._relay, now=time.monotonic())
            self.session.handle_timeout(now=time.monotonic())
            for datagram, _ in self.session.datagrams_to_send():
                self.sock.send(datagram)

    @property
    def _relay(self) -> TransportAddress:
        return TransportAddress(*self.sock.getpeername())

    def header_to(self, peer: int) -> bytes:
        """Return the header of DATA to `peer`."""
        return encode_destination(FirstByte.DATA, self.tag, peer)


@dataclass(slots=True)
class LoadedRelay:
    """A relay process with its members."""

    name: str
    pid: int
    members: list[Member]

    def cpu_seconds(self) -> float:
        """Return user and system time of the process so far."""
        return cpu_seconds(self.pid)


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process of one thread so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def pin(pid: int, cpu: int = RELAY_CPU) -> None:
    """Let a process run on one processor only."""
    os.sched_setaffinity(pid, {cpu})


@contextmanager
def packhorse_relay(count: int, dataplane: str = "portable") -> Iterator[LoadedRelay]:
    """Run `packhorse relay` with `count` members in one room."""
    command = [sys.executable, "-m", "packhorse", "relay", "--port", "0", "--json"]
    command += ["--profile", "unlimited", "--dataplane", dataplane]
    with Started([*command, "--bind", "127.0.0.1"]) as process:
        pin(process.pid)
        relay = ("127.0.0.1", int(loads(process.wait_for("listening"))["port"]))
        host, session = _join(relay, CreateRoom())
        members = [host]
        members += [_join(relay, JoinRoom(session.code))[0] for _ in range(count - 1)]
        with _closing(members):
            yield LoadedRelay(f"packhorse ({dataplane})", process.pid, members)


@contextmanager
def plain_relay(count: int) -> Iterator[LoadedRelay]:
    """Run the plain relay with `count` members."""
    with Started([sys.executable, "-m", "tests.bench.plain_relay"]) as process:
        pin(process.pid)
        relay = ("127.0.0.1", int(process.wait_for("")))
        members = [_register(relay) for _ in range(count)]
        with _closing(members):
            yield LoadedRelay("plain asyncio.DatagramProtocol", process.pid, members)


def unicast_ring(relay: LoadedRelay, rounds: int, burst: int, payload: bytes) -> tuple[int, float]:
    """Let each member send `burst` datagrams to the next, `rounds` times, without loss.

    Returns:
        Datagrams received, and the relay's processor seconds.

    Raises:
        AssertionError: A datagram was lost.
    """
    count = len(relay.members)
    pairs = [(m, relay.members[(i + 1) % count]) for i, m in enumerate(relay.members)]
    datagrams = [(m.sock, m.header_to(receiver.peer) + payload) for m, receiver in pairs]
    for member in relay.members:
        member.keep_session()
    before = relay.cpu_seconds()
    for _ in range(rounds):
        for sock, datagram in datagrams:
            for _ in range(burst):
                sock.send(datagram)
        _receive_all(relay.members, burst * count)
    return rounds * burst * count, relay.cpu_seconds() - before


@contextmanager
def _closing(members: list[Member]) -> Iterator[None]:
    try:
        yield
    finally:
        for member in members:
            member.sock.close()


def _receive_all(members: list[Member], expected: int) -> None:
    received = 0
    deadline = time.monotonic() + _PATIENCE
    while received < expected:
        assert time.monotonic() < deadline, f"{expected - received} of {expected} datagrams lost"
        received += sum(_drain(member.sock) for member in members)


def _drain(sock: socket.socket) -> int:
    # Keepalives and PONGs are smaller than the load.
    return sum(len(data) > 64 for data in _read(sock))


def _read(sock: socket.socket) -> Iterator[bytes]:
    with suppress(BlockingIOError):
        while True:
            yield sock.recv(2048)


def _join(relay: tuple[str, int], wish: CreateRoom | JoinRoom) -> tuple[Member, MemberSession]:
    sock = _socket(relay)
    address = TransportAddress(*relay)
    session = MemberSession(wish, address, secrets.token_bytes, now=time.monotonic())
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        session.handle_timeout(now=time.monotonic())
        for datagram, _ in session.datagrams_to_send():
            sock.send(datagram)
        _wait_readable(sock)
        session.receive_datagram(sock.recv(2048), address, now=time.monotonic())
        if _has_joined(session):
            tag = decode_header(session.encode_data(b"x", 0)).tag
            return Member(sock, session.peer_id, tag, session), session
    raise AssertionError(f"not joined: {session.drops}")


def _has_joined(session: MemberSession) -> bool:
    events = iter(session.next_event, None)
    return any(isinstance(event, Joined) for event in events)


def _register(relay: tuple[str, int]) -> Member:
    sock = _socket(relay)
    sock.send(encode_destination(FirstByte.DATA, 0, 0))
    _wait_readable(sock)
    return Member(sock, int.from_bytes(sock.recv(2048)[2:6], "big"), 0)


def _socket(relay: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.connect(relay)
    sock.settimeout(0)
    return sock


def _wait_readable(sock: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        assert selector.select(_PATIENCE), "the relay does not answer"
