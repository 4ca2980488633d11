"""When an address that is not proven is checked (SPEC.md section 18.4)."""

from typing import Final, NamedTuple

from packhorse.wire.constants import (
    ATTEMPT_TIME,
    CHECK_FAST,
    CHECK_INTERVAL,
    CHECK_SLOW_MAX,
    OPENING_TTL,
    OPENINGS,
)

_LARGE_EVERY: Final = 4
_SLOW_MIN: Final = 0.01  # seconds


class PlannedCheck(NamedTuple):
    """A CHECK that is due."""

    ttl: int | None
    """Hops that it may take; None for what the system gives."""
    is_large: bool
    """It is padded to the largest datagram."""


class CheckPlan:
    """The checks of one address in one attempt."""

    def __init__(self, *, starts_at: float, opens: bool) -> None:
        """Plan an attempt.

        Args:
            starts_at: When it begins.
            opens: Begin with checks of a low TTL.
        """
        self.due: float | None = starts_at
        """When the next is to be sent; None after the last."""
        self._starts_at = starts_at
        self._openings = OPENINGS if opens else 0
        self._sent = 0

    def take(self, fraction: float) -> PlannedCheck:
        """Return the check that is due, and plan the next.

        Args:
            fraction: Random, 0 to below 1.
        """
        number = self._sent - self._openings
        self._sent += 1
        due = (self.due or 0.0) + self._distance(fraction)
        self.due = due if due < self._starts_at + ATTEMPT_TIME else None
        if number < 0:
            return PlannedCheck(OPENING_TTL, is_large=False)
        return PlannedCheck(None, is_large=number % _LARGE_EVERY == 0)

    def _distance(self, fraction: float) -> float:
        if (self.due or 0.0) < self._starts_at + CHECK_FAST:
            return CHECK_INTERVAL
        return _SLOW_MIN + fraction * (CHECK_SLOW_MAX - _SLOW_MIN)
