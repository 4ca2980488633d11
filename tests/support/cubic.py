"""A TCP flow with CUBIC (RFC 9438) that always has data, to share a simulated link with."""

from collections.abc import Callable
from typing import Final

from packhorse.testing import VirtualClock

_C: Final = 0.4  # segments/s³; RFC 9438 section 5
_BETA: Final = 0.7  # RFC 9438 section 4.6
_ALPHA: Final = 3 * (1 - _BETA) / (1 + _BETA)  # RFC 9438 section 4.3
_DUPLICATES: Final = 3  # later segments acknowledged before one counts as lost
_INITIAL_WINDOW: Final = 10.0  # segments; RFC 6928
_SEGMENT: Final = 1472  # bytes without the overhead of the link; fills an Ethernet frame
_RTO_MIN: Final = 0.2  # seconds; Linux


class CubicFlow:
    """Sender and receiver; a lost segment is not repeated, a new one goes in its place."""

    def __init__(
        self, clock: VirtualClock, send: Callable[[bytes], None], send_ack: Callable[[bytes], None]
    ) -> None:
        self.arrived_bytes = 0
        """What the receiver has."""
        self.window = _INITIAL_WINDOW
        """Segments."""
        self._clock = clock
        self._send = send
        self._send_ack = send_ack
        self._threshold = float("inf")
        self._largest_window = 0.0  # before the last reduction
        self._friendly_window = 0.0
        self._epoch_at: float | None = None
        self._in_flight: dict[int, float] = {}  # number to when it was sent
        self._next = 0
        self._recovers_at = 0  # losses before this number belong to one reduction
        self._rtt = 0.1
        self._heard_at = clock.now

    def start(self) -> None:
        """Send the first window, and look for silence from now on."""
        self._fill()
        self._clock.call_at(self._clock.now + _RTO_MIN, self._check_silence)

    def receive_data(self, segment: bytes) -> None:
        """Take in a segment at the receiver."""
        self.arrived_bytes += len(segment)
        self._send_ack(segment[:8])

    def receive_ack(self, ack: bytes) -> None:
        """Take in an acknowledgement at the sender."""
        number = int.from_bytes(ack, "big")
        sent_at = self._in_flight.pop(number, None)
        if sent_at is None:
            return
        self._heard_at = self._clock.now
        self._rtt += (self._clock.now - sent_at - self._rtt) / 8
        lost = [n for n in self._in_flight if n <= number - _DUPLICATES]
        for each in lost:
            del self._in_flight[each]
        if lost and lost[-1] >= self._recovers_at:
            self._reduce()
        elif not lost:
            self._grow()
        self._fill()

    def _fill(self) -> None:
        while len(self._in_flight) < int(self.window):
            self._in_flight[self._next] = self._clock.now
            self._send(self._next.to_bytes(8, "big") + bytes(_SEGMENT - 8))
            self._next += 1

    def _reduce(self) -> None:
        fast = (1 + _BETA) / 2 if self.window < self._largest_window else 1.0
        self._largest_window = self.window * fast
        self.window = self._threshold = max(2.0, self.window * _BETA)
        self._recovers_at = self._next
        self._epoch_at = None

    def _grow(self) -> None:
        if self.window < self._threshold:
            self.window += 1
            return
        now = self._clock.now
        if self._epoch_at is None:
            self._epoch_at, self._friendly_window = now, self.window
        distance = max(0.0, self._largest_window - self.window) if self._epoch_at == now else None
        if distance is not None:
            self._plateau = (distance / _C) ** (1 / 3)
            self._origin = max(self._largest_window, self.window)
        elapsed = now + self._rtt - self._epoch_at
        target = self._origin + _C * (elapsed - self._plateau) ** 3
        self._friendly_window += _ALPHA / self.window
        target = min(max(target, self._friendly_window, self.window), 1.5 * self.window)
        self.window += (target - self.window) / self.window

    def _check_silence(self) -> None:
        timeout = max(_RTO_MIN, 2 * self._rtt)
        if self._clock.now - self._heard_at > timeout:
            self._in_flight.clear()
            self._reduce()
            self.window = 2.0
            self._heard_at = self._clock.now
            self._fill()
        self._clock.call_at(self._clock.now + timeout, self._check_silence)
