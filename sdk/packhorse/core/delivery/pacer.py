"""Spreads datagrams over time."""

from typing import Final

_BURST: Final = 0.002  # seconds' worth of datagrams that may always leave at once
_BURST_BYTES: Final = 9 * 1200  # after which one more may leave, instead, on slower paths,
_LATE: Final = 0.025  # if they are no more than what is due after so many seconds
_MISSED: Final = 0.035  # seconds' worth that may leave late: a game polls once a frame


class Pacer:
    """Says when the next datagram may leave."""

    __slots__ = ("_next_at", "is_holding")

    def __init__(self) -> None:
        self._next_at = 0.0
        self.is_holding = False
        """Whether something has been waiting for `next_at`; the owner keeps this."""

    @property
    def next_at(self) -> float:
        """When the next datagram may leave."""
        return self._next_at

    def may_send(self, *, now: float) -> bool:
        """Tell whether a datagram may leave now."""
        return self._next_at <= now

    def count(self, size: int, rate: float, *, now: float) -> None:
        """Note that `size` bytes left, at `rate` bytes a second."""
        # An event loop with much to do comes late: what was due meanwhile may leave, or we
        # would send less than `rate`, measure that, and slow down further each time.
        pause = _MISSED if self.is_holding else max(_BURST, min(_BURST_BYTES / rate, _LATE))
        self._next_at = max(self._next_at, now - pause) + size / rate
