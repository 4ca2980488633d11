"""Time that moves only when it is told to."""

import heapq
from collections.abc import Callable
from itertools import count


class VirtualClock:
    """The time now, and what is to happen later."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        """Seconds."""
        self._pending: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()  # keeps the order of what is due at the same time

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        """Do something later, or at the next advance when `when` has passed."""
        heapq.heappush(self._pending, (when, next(self._numbers), action))

    def next_timeout(self) -> float | None:
        """Return when something is to happen next."""
        return self._pending[0][0] if self._pending else None

    def advance_to(self, when: float) -> None:
        """Do in order what is due by `when`, each at its time; then it is `when`."""
        while self._pending and self._pending[0][0] <= when:
            self.step()
        self.now = max(self.now, when)

    def step(self) -> bool:
        """Do the one thing that is due next, at its time; False when there is nothing."""
        if not self._pending:
            return False
        due, _, action = heapq.heappop(self._pending)
        self.now = max(self.now, due)
        action()
        return True
