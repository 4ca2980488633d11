"""How one socket is read: one by one, in batches, or in batches that are waited for."""

from typing import Final

from packhorse.aio.udp import UdpSocket
from packhorse_relay.dataplane.lane import BATCH, Lane
from packhorse_relay.dataplane.single_reader import Clock, Forward, SingleReader

_BATCHES: Final = 4  # of one wake-up; then timers and other sockets get their turn
_GATHER: Final = 0.0001  # seconds; with the kernel's slack about 150 us


class Reader(SingleReader):
    """Reads in batches when much comes, otherwise one by one."""

    def __init__(
        self, lane: Lane, sock: UdpSocket, forward: Forward, clock: Clock, *, may_leave: bool
    ) -> None:
        """Read `sock` by `lane`.

        Args:
            lane: Forwards batches.
            sock: The socket.
            forward: Acts upon what comes one by one.
            clock: What to go by.
            may_leave: A wake-up may leave something in the socket without having looked.
        """
        super().__init__(sock, forward, clock, may_leave=may_leave)
        self._lane = lane

    def _drain_batches(self) -> int:
        """Read batches as long as they are full and need no thought; wait for one at most."""
        total, may_wait = 0, self._pace.gathers
        for _ in range(_BATCHES):
            count = self._receive_batch()
            total += count
            if count == 0 or not self._lane.forward() or self._sock.is_closed:
                break
            if count < BATCH:
                if not may_wait:
                    break
                may_wait = False
                self._clock.sleep(_GATHER)
        return total

    def _receive_batch(self) -> int:
        try:
            return self._lane.receive()
        except OSError as error:  # about an earlier send
            self._sock.on_error(error)
            return 0
