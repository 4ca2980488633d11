"""Relays under load: start one, bring members in, count its processor time."""

import os
import secrets
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from json import loads
from pathlib import Path
from typing import Final, NamedTuple, Self

from packhorse.core.events import Joined
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import decode_header, encode_destination
from tests.support.processes import Started

_BUFFER: Final = 1 << 20  # bytes
_LOOK_EVERY: Final = 100  # datagrams
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

    def flow_to(self, destination: int) -> "Flow":
        """Return how this member sends DATA."""
        header = encode_destination(FirstByte.DATA, self.tag, destination)
        return Flow(self.sock, lambda payload: header + payload)


class Flow(NamedTuple):
    """Who sends what: a socket, and how a payload becomes a datagram."""

    sock: socket.socket
    frame: Callable[[bytes], bytes]


@dataclass(slots=True)
class LoadedRelay:
    """A relay process with its members."""

    name: str
    pid: int
    flows: list[Flow]
    """Each to one receiver."""
    receivers: list[socket.socket]
    members: list[Member] = field(default_factory=list)

    @classmethod
    def ring(cls, name: str, pid: int, members: list[Member]) -> Self:
        """Return a relay through which each member sends to the next."""
        nexts = members[1:] + members[:1]
        flows = [m.flow_to(each.peer) for m, each in zip(members, nexts, strict=True)]
        return cls(name, pid, flows, [member.sock for member in members], members)

    def keep_sessions(self) -> None:
        """Let the sessions do what is due."""
        for member in self.members:
            member.keep_session()

    def cpu_seconds(self) -> float:
        """Return user and system time of the process so far."""
        return cpu_seconds(self.pid)


def cpu_seconds(pid: int) -> float:
    """Return user and system time of all threads of a process so far."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


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
            yield LoadedRelay.ring(f"packhorse ({dataplane})", process.pid, members)


def plain_relay(count: int) -> AbstractContextManager[LoadedRelay]:
    """Run the relay of `plain_relay` with `count` members."""
    command = [sys.executable, "-m", "tests.bench.plain_relay"]
    return registering_relay("plain asyncio.DatagramProtocol", command, count)


@contextmanager
def registering_relay(name: str, command: list[str], count: int) -> Iterator[LoadedRelay]:
    """Run a relay that prints its port, and takes members as `plain_relay` does."""
    with Started(command) as process:
        pin(process.pid)
        relay = ("127.0.0.1", int(process.wait_for("")))
        members = [_register(relay) for _ in range(count)]
        with _closing(members):
            yield LoadedRelay.ring(name, process.pid, members)


def unicast_ring(relay: LoadedRelay, rounds: int, burst: int, payload: bytes) -> tuple[int, float]:
    """Let each member send `burst` datagrams to the next, `rounds` times, without loss.

    Returns:
        Datagrams received, and the relay's processor seconds.

    Raises:
        AssertionError: A datagram was lost.
    """
    relay.keep_sessions()
    datagrams = [(flow.sock, flow.frame(payload)) for flow in relay.flows]
    before = relay.cpu_seconds()
    for _ in range(rounds):
        for sock, datagram in datagrams:
            for _ in range(burst):
                sock.send(datagram)
        receive_all(relay.receivers, burst * len(datagrams))
    return rounds * burst * len(datagrams), relay.cpu_seconds() - before


def singles(relay: LoadedRelay, rate: float, seconds: float, payload: bytes) -> tuple[int, float]:
    """Let one datagram come after the other, evenly.

    Returns:
        Datagrams sent, and the relay's processor seconds.

    Raises:
        AssertionError: A datagram was lost.
    """
    relay.keep_sessions()
    datagrams = cycle([(flow.sock, flow.frame(payload)) for flow in relay.flows])
    before, start, sent = relay.cpu_seconds(), time.monotonic(), 0
    while (elapsed := time.monotonic() - start) < seconds:
        if sent < elapsed * rate:
            sock, datagram = next(datagrams)
            sock.send(datagram)
            sent += 1
            if sent % _LOOK_EVERY == 0:
                receive_all(relay.receivers, _LOOK_EVERY)
    receive_all(relay.receivers, sent % _LOOK_EVERY)
    return sent, relay.cpu_seconds() - before


def fan_out(relay: LoadedRelay, rounds: int, burst: int, payload: bytes) -> tuple[int, float]:
    """Let the first member send to all others.

    Returns:
        Copies received, and the relay's processor seconds.

    Raises:
        AssertionError: A copy was lost.
    """
    relay.keep_sessions()
    sock, frame = relay.members[0].flow_to(0)
    datagram, copies = frame(payload), burst * (len(relay.members) - 1)
    before = relay.cpu_seconds()
    for _ in range(rounds):
        for _ in range(burst):
            sock.send(datagram)
        receive_all(relay.receivers, copies)
    return rounds * copies, relay.cpu_seconds() - before


@contextmanager
def _closing(members: list[Member]) -> Iterator[None]:
    try:
        yield
    finally:
        for member in members:
            member.sock.close()


def receive_all(sockets: list[socket.socket], expected: int) -> None:
    """Take as many datagrams as are expected.

    Raises:
        AssertionError: Some did not come.
    """
    received = 0
    deadline = time.monotonic() + _PATIENCE
    while received < expected:
        assert time.monotonic() < deadline, f"{expected - received} of {expected} datagrams lost"
        received += sum(_drain(sock) for sock in sockets)


def _drain(sock: socket.socket) -> int:
    # Keepalives and PONGs are smaller than the load.
    return sum(len(data) > 64 for data in _read(sock))


def _read(sock: socket.socket) -> Iterator[bytes]:
    with suppress(BlockingIOError):
        while True:
            yield sock.recv(2048)


def _join(relay: tuple[str, int], wish: CreateRoom | JoinRoom) -> tuple[Member, MemberSession]:
    sock = connected(relay)
    address = TransportAddress(*relay)
    session = MemberSession(wish, address, secrets.token_bytes, now=time.monotonic())
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        session.handle_timeout(now=time.monotonic())
        for datagram, _ in session.datagrams_to_send():
            sock.send(datagram)
        for data in _read(sock):
            session.receive_datagram(data, address, now=time.monotonic())
        if _has_joined(session):
            tag = decode_header(session.encode_data(b"x", 0)).tag
            return Member(sock, session.peer_id, tag, session), session
    raise AssertionError(f"not joined: {session.drops}")


def _has_joined(session: MemberSession) -> bool:
    events = iter(session.next_event, None)
    return any(isinstance(event, Joined) for event in events)


def _register(relay: tuple[str, int]) -> Member:
    sock = connected(relay)
    sock.send(encode_destination(FirstByte.DATA, 0, 0))
    wait_readable(sock)
    return Member(sock, int.from_bytes(sock.recv(2048)[2:6], "big"), 0)


def connected(relay: tuple[str, int]) -> socket.socket:
    """Return a socket that sends to a relay, and never waits."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.connect(relay)
    sock.settimeout(0)
    return sock


def wait_readable(sock: socket.socket) -> None:
    """Wait for an answer."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        assert selector.select(_PATIENCE), "the relay does not answer"
