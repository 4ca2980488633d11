"""Members on WebSockets, as load for a relay: blocking sockets, frames made beforehand."""

import os
import secrets
import selectors
import socket
import struct
import time
from dataclasses import dataclass
from typing import Final

from websockets.frames import Frame, Opcode

from packhorse.core.events import Joined
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress

_PATIENCE: Final = 5.0  # seconds
_SHORT: Final = 126  # a payload length from here on has two more bytes
_REQUEST: Final = (
    "GET /v1 HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: packhorse.v1\r\n\r\n"
)


@dataclass(slots=True)
class WebSocketMember:
    """One connection."""

    sock: socket.socket
    buffer: bytearray

    @classmethod
    def connect(cls, address: tuple[str, int]) -> "WebSocketMember":
        """Open a WebSocket."""
        sock = socket.create_connection(address, timeout=_PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(_REQUEST.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += sock.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        return cls(sock, bytearray(answer.partition(b"\r\n\r\n")[2]))

    def send(self, data: bytes) -> None:
        """Send one message."""
        self.sock.sendall(frame_of(data))

    def read(self) -> list[bytes]:
        """Return the messages that are there; waits for some bytes when there are none."""
        if messages := list(iter(self._next, None)):
            return messages
        self.buffer += self.sock.recv(65536)
        return list(iter(self._next, None))

    def _next(self) -> bytes | None:
        if len(self.buffer) < 2:
            return None
        size, at = self.buffer[1] & 0x7F, 2
        if size == _SHORT:
            if len(self.buffer) < 4:
                return None
            (size,), at = struct.unpack_from(">H", self.buffer, 2), 4
        if len(self.buffer) < at + size:
            return None
        message = bytes(self.buffer[at : at + size])
        del self.buffer[: at + size]
        return message


def frame_of(data: bytes) -> bytes:
    """Return the frame of a member's message."""
    return bytes(Frame(Opcode.BINARY, data).serialize(mask=True))


def join(
    address: tuple[str, int], wish: CreateRoom | JoinRoom
) -> tuple[WebSocketMember, MemberSession]:
    """Join a Packhorse room over WebSocket."""
    member = WebSocketMember.connect(address)
    relay = TransportAddress(*address)
    session = MemberSession(wish, relay, secrets.token_bytes, now=time.monotonic())
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        session.handle_timeout(now=time.monotonic())
        for datagram, _ in session.datagrams_to_send():
            member.send(datagram)
        for message in member.read():
            session.receive_datagram(message, relay, now=time.monotonic())
        if any(isinstance(event, Joined) for event in iter(session.next_event, None)):
            return member, session
    raise AssertionError(f"not joined: {session.drops}")


def receive_load(members: list[WebSocketMember], expected: int, smallest: int) -> None:
    """Take `expected` messages of at least `smallest` bytes."""
    received = 0
    deadline = time.monotonic() + _PATIENCE
    with selectors.DefaultSelector() as selector:
        for member in members:
            selector.register(member.sock, selectors.EVENT_READ, member)
        while received < expected:
            assert time.monotonic() < deadline, f"{expected - received} of {expected} lost"
            for key, _ in selector.select(_PATIENCE):
                received += sum(len(each) >= smallest for each in key.data.read())


def pin_to(cpu: int) -> None:
    """Run this process on one processor."""
    os.sched_setaffinity(0, {cpu})
