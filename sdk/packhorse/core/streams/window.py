"""How much may come of a stream before the program here has taken it (flow control).

A window starts small and doubles as long as the program takes a whole one within a
second: then it may be what holds the sender up. It needs 1.9 MB for 100 Mbit/s at an RTT
of 150 ms. What windows have grown by is bounded over all streams.
"""

from typing import Final

from packhorse.core.streams.format import INITIAL_WINDOW

MAX_WINDOW: Final = 4 << 20  # bytes of one stream
GROWTH_BUDGET: Final = 64 << 20  # bytes that all windows together may grow by
_FAST: Final = 1.0  # seconds in which a whole window is taken by a program that keeps up
_GRANT_FRACTION: Final = 4  # a quarter of the window is worth a message


class GrowthBudget:
    """Bytes by which windows may still grow, over all streams of a middleman."""

    __slots__ = ("left",)

    def __init__(self, size: int = GROWTH_BUDGET) -> None:
        self.left = size

    def acquire(self, size: int) -> int:
        """Take up to `size` bytes; return how many."""
        size = min(size, self.left)
        self.left -= size
        return size

    def release(self, size: int) -> None:
        """Give back `size` bytes."""
        self.left += size


class ReceiveWindow:
    """What one stream's sender was granted, and what the program here has taken."""

    __slots__ = ("_budget", "_left", "_owed", "_round", "_round_began", "size")

    def __init__(self, budget: GrowthBudget, *, now: float) -> None:
        self.size = INITIAL_WINDOW
        """Bytes that may wait here at most."""
        self._budget = budget
        self._left = INITIAL_WINDOW  # bytes that may still come
        self._owed = 0  # bytes to be granted with the next WINDOW
        self._round = 0  # bytes taken since `_round_began`
        self._round_began = now

    def receive(self, size: int) -> bool:
        """Note that `size` bytes came; False when that is more than was granted."""
        self._left -= size
        return self._left >= 0

    def consume(self, size: int, *, now: float) -> None:
        """Note that the program has taken `size` bytes."""
        self._owed += size
        self._round += size
        if self._round >= self.size:
            if now - self._round_began <= _FAST:
                self._grow()
            self._round = 0
            self._round_began = now

    @property
    def is_grant_due(self) -> bool:
        """Tell whether `take_grant` has something worth a message."""
        return self._owed * _GRANT_FRACTION >= self.size

    def take_grant(self) -> int:
        """Return the bytes to grant; they count as granted."""
        grant, self._owed = self._owed, 0
        self._left += grant
        return grant

    def close(self) -> None:
        """Give back what the window has grown by; harmless when closed."""
        self._budget.release(self.size - INITIAL_WINDOW)
        self.size = INITIAL_WINDOW

    def _grow(self) -> None:
        growth = self._budget.acquire(min(self.size, MAX_WINDOW - self.size))
        self.size += growth
        self._owed += growth
