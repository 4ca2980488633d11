"""How one socket is read: one by one, in batches, or in batches that are waited for."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from packhorse.aio.udp import UdpSocket
from packhorse_relay.dataplane.lane import BATCH, Lane
from packhorse_relay.dataplane.pace import Pace

_BATCHES: Final = 4  # of one wake-up; then timers and other sockets get their turn
_GATHER: Final = 0.0001  # seconds; with the kernel's slack about 150 us


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells the time, and lets it pass; both in seconds."""

    read: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Reader:
    """Reads a socket whenever the event loop says that something has come."""

    def __init__(self, lane: Lane, sock: UdpSocket, clock: Clock, *, may_leave: bool) -> None:
        """Read `sock` by `lane`.

        Args:
            lane: Forwards batches.
            sock: The socket.
            clock: What to go by.
            may_leave: A wake-up may leave something in the socket without having looked.
        """
        self._may_leave = may_leave
        self._lane = lane
        self._sock = sock
        self._clock = clock
        self._pace = Pace(now=clock.read())

    def drain(self) -> int:
        """Read a bounded number of datagrams; returns how many."""
        if self._pace.is_batching:
            count = self._drain_batches()
        elif self._pace.expects_one and self._may_leave:
            count = self._sock.drain(1)
        else:
            count = self._sock.drain()
        self._pace.note(count, now=self._clock.read())
        return count

    def _drain_batches(self) -> int:
        """Read batches as long as they are full and need no thought; wait for one at most."""
        total, may_wait = 0, self._pace.gathers
        for _ in range(_BATCHES):
            count = self._receive()
            total += count
            if count == 0 or not self._lane.forward() or self._sock.is_closed:
                break
            if count < BATCH:
                if not may_wait:
                    break
                may_wait = False
                self._clock.sleep(_GATHER)
        return total

    def _receive(self) -> int:
        try:
            return self._lane.receive()
        except OSError as error:  # about an earlier send
            self._sock.on_error(error)
            return 0
