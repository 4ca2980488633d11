"""Thousands of members of one relay, from one thread; a few rooms share a source address.

The members are real sessions that join and ping; what they send each other is counted,
and time-stamped to give the delay through the relay. The members of a source send at the
same moment, by one system call, or one thread could not make the load of thousands.
"""

import heapq
import resource
import secrets
import select
import socket
import struct
import time
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

from packhorse.aio.segmentation import SegmentingSender, equal_runs
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import HEADER_SIZE, FirstByte, MemberState
from packhorse.wire.header import encode_destination

_SHARE: Final = 4  # rooms of one source; a relay allows six creations a minute
_PATIENCE: Final = 10.0  # seconds for one room to come together
_STAMP: Final = struct.Struct("!d")
_DATA: Final = {FirstByte.DATA, FirstByte.FRAME}
_TURN: Final = 0.001  # seconds between looks at what is due
_BURST: Final = 8  # sources that send between looks at what has come
_READS: Final = 64  # datagrams read of one source before others have their turn
_SETTLE: Final = 1.0  # seconds for the last datagrams to arrive


@dataclass(eq=False)
class _Source:
    """One address of the loopback network, and the members behind it by tag."""

    sock: socket.socket
    members: "dict[int, _Member]" = field(default_factory=dict)
    joining: "_Member | None" = None
    headers: list[bytes] = field(default_factory=list)
    """Of DATA from each member to the next one of its room."""

    def __post_init__(self) -> None:
        self.segmenting = SegmentingSender(self.sock)


@dataclass(slots=True, eq=False)
class _Member:
    source: _Source
    session: MemberSession


@dataclass(slots=True)
class Traffic:
    """What was sent, and what became of it."""

    sent: int = 0
    received: int = 0
    delays: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds through the relay, of every datagram received."""

    def percentile(self, share: float) -> float:
        """Return the delay that this share (0..1) of the datagrams stays below, seconds."""
        return sorted(self.delays)[int(share * (len(self.delays) - 1))]


class Crowd:
    """Rooms full of members; a context manager."""

    def __init__(self, relay: tuple[str, int], *, rooms: int, members: int) -> None:
        self._relay = TransportAddress(*relay)
        self._rooms = rooms
        _allow_files(rooms)
        self._size = members
        self._members: list[_Member] = []
        self._sources: dict[int, _Source] = {}  # by file descriptor
        self._epoll = select.epoll()
        self._due: list[tuple[float, int]] = []  # when a session has work, and whose it is
        self.traffic = Traffic()

    def __enter__(self) -> Self:
        try:
            sources = [self._open_source(number) for number in range(-(-self._rooms // _SHARE))]
            for number in range(self._rooms):
                self._fill_room(sources[number % len(sources)])
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._close()

    def run(self, seconds: float, *, rate: float, growth: float = 0.0, size: int = 100) -> Traffic:
        """Let every member send `rate` datagrams a second to the next one of its room.

        Args:
            seconds: How long.
            rate: Datagrams a second and member, spread evenly.
            growth: Seconds within which one source after the other begins.
            size: Bytes of payload, at least 8.
        """
        self.traffic = Traffic()
        padding = bytes(size - _STAMP.size)
        sources = list(self._sources.values())
        step = max(growth, 1 / rate) / len(sources)
        due = [(number * step, number) for number in range(len(sources))]
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            bursts = 0
            while bursts < _BURST and due[0][0] <= elapsed:
                at, number = due[0]
                heapq.heapreplace(due, (at + 1 / rate, number))
                self._send_data(sources[number], padding)
                bursts += 1
            self._work(0 if bursts == _BURST else _TURN)
        self._settle()
        return self.traffic

    def _settle(self) -> None:
        deadline = time.monotonic() + _SETTLE
        while self.traffic.received < self.traffic.sent and time.monotonic() < deadline:
            self._work(_TURN)

    def _send_data(self, source: _Source, padding: bytes) -> None:
        payload = _STAMP.pack(time.monotonic()) + padding
        datagrams = [header + payload for header in source.headers]
        for run in equal_runs(datagrams):
            if not source.segmenting.send(run, self._relay[:2]):
                for datagram in run:
                    source.sock.sendto(datagram, self._relay[:2])
        self.traffic.sent += len(datagrams)

    def _fill_room(self, source: _Source) -> None:
        host = self._join(source, CreateRoom())
        room = [host]
        room += [self._join(source, JoinRoom(host.session.code)) for _ in range(self._size - 1)]
        for member, receiver in zip(room, room[1:] + room[:1], strict=True):
            tag = member.session.encode_data(b"x", 0)[1]
            header = encode_destination(FirstByte.DATA, tag, receiver.session.peer_id)
            source.headers.append(header)

    def _open_source(self, number: int) -> _Source:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((f"127.1.{number // 200}.{number % 200 + 1}", 0))
        sock.settimeout(0)
        source = _Source(sock)
        self._sources[sock.fileno()] = source
        self._epoll.register(sock, select.EPOLLIN)
        return source

    def _join(self, source: _Source, wish: CreateRoom | JoinRoom) -> _Member:
        now = time.monotonic()
        session = MemberSession(wish, self._relay, secrets.token_bytes, now=now)
        member = source.joining = _Member(source, session)
        self._members.append(member)
        self._act(len(self._members) - 1)
        deadline = now + _PATIENCE
        while session.state is not MemberState.JOINED:
            assert time.monotonic() < deadline, f"member {len(self._members)}: {session.stage}"
            self._work(_TURN)
        return member

    def _work(self, patience: float) -> None:
        """Read what has come, then let the sessions do what is due."""
        for descriptor, _ in self._epoll.poll(patience):
            self._receive(self._sources[descriptor])
        while self._due and self._due[0][0] <= time.monotonic():
            self._act(heapq.heappop(self._due)[1])

    def _receive(self, source: _Source) -> None:
        receive, traffic, now = source.sock.recv, self.traffic, time.monotonic()
        with suppress(BlockingIOError):
            for _ in range(_READS):
                data = receive(2048)
                if data[0] in _DATA:
                    traffic.received += 1
                    traffic.delays.append(now - _STAMP.unpack_from(data, HEADER_SIZE)[0])
                else:
                    self._hand_over(source, data)

    def _hand_over(self, source: _Source, data: bytes) -> None:
        member = source.members.get(data[1]) if data[0] == FirstByte.SEAL else source.joining
        if member is None:
            return
        now = time.monotonic()
        member.session.receive_datagram(data, self._relay, now=now)
        if member.session.state is MemberState.JOINED and source.joining is member:
            source.members[member.session.encode_data(b"x", 0)[1]] = member
            source.joining = None
        self._flush(member, now)

    def _act(self, index: int) -> None:
        """Let a session do what is due, and note when it next has work."""
        member, now = self._members[index], time.monotonic()
        member.session.handle_timeout(now=now)
        self._flush(member, now)
        wakes_at = member.session.next_timeout()
        if wakes_at is not None:
            heapq.heappush(self._due, (max(wakes_at, now + _TURN), index))

    def _flush(self, member: _Member, now: float) -> None:
        member.session.handle_timeout(now=now)
        for datagram, _ in member.session.datagrams_to_send():
            member.source.sock.sendto(datagram, self._relay[:2])
        while member.session.next_event() is not None:
            pass

    def _close(self) -> None:
        self._epoll.close()
        for source in self._sources.values():
            source.sock.close()


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 256)), hard))
