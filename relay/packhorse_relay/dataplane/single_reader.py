"""How one socket is read one datagram after the other."""

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse_relay.dataplane.pace import Pace

Datagram = tuple[bytes, SocketAddress]
"""And its source."""
Forward = Callable[[Iterable[Datagram]], int]
"""Acts upon datagrams as they come, until there are no more; returns how many there were."""

_MOST: Final = 64  # datagrams of one wake-up; then timers and other sockets get their turn
_SIZE: Final = 2048  # bytes; a longer datagram arrives cut, and is refused for its length


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells the time, and lets it pass; both in seconds."""

    read: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class SingleReader:
    """Reads a socket whenever the event loop says that something has come."""

    def __init__(self, sock: UdpSocket, forward: Forward, clock: Clock, *, may_leave: bool) -> None:
        """Read `sock`.

        Args:
            sock: The socket.
            forward: Acts upon what comes.
            clock: What to go by.
            may_leave: A wake-up may leave something in the socket without having looked.
        """
        self._sock = sock
        self._forward = forward
        self._receive = _receive_of(sock.socket)
        self._clock = clock
        self._pace = Pace(now=clock.read(), may_leave=may_leave)
        self._unnoted = 0  # wake-ups to come that take one datagram each

    def drain(self) -> int:
        """Read a bounded number of datagrams; returns how many."""
        if self._unnoted:
            self._unnoted -= 1
            count = self._forward(map(self._receive, repeat(_SIZE, 1)))
        else:
            count = self._drain_batches() if self._pace.is_batching else self._drain()
            self._unnoted = self._pace.note(count, now=self._clock.read())
        self._sock.received += count
        return count

    def _drain(self) -> int:
        return self._forward(map(self._receive, repeat(_SIZE, _MOST)))

    def _drain_batches(self) -> int:
        return self._drain()


def _receive_of(sock: socket.socket) -> Callable[[int], Datagram]:
    """Return what receives one datagram without waiting; it raises `OSError`."""
    receive = sock.recvfrom
    if sock.family != socket.AF_INET6:
        return receive

    def receive_v6(size: int) -> Datagram:
        data, (host, port, _, _) = receive(size)
        return data, (host, port)

    return receive_v6
