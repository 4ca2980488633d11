"""When an address that is not proven is checked (SPEC.md section 18.4)."""

from typing import Final

from packhorse.wire.constants import (
    ATTEMPT_TIME,
    CHECK_FAST,
    CHECK_INTERVAL,
    CHECK_SLOW_MAX,
    OPENING_TTL,
    OPENINGS,
    PREDICTED_INTERVAL,
    PREDICTED_WAIT,
)

_SLOW_MIN: Final = 0.01  # seconds


class CheckPlan:
    """The checks of one address in one attempt."""

    def __init__(
        self,
        *,
        starts_at: float,
        opens: bool,
        interval: float = CHECK_INTERVAL,
        lasts: float = ATTEMPT_TIME,
    ) -> None:
        """Plan an attempt.

        Args:
            starts_at: When it begins.
            opens: Begin with checks of a low TTL.
            interval: Seconds between two checks at the beginning.
            lasts: Seconds until there are no more.
        """
        self.due: float | None = starts_at
        """When the next is to be sent; None after the last."""
        self._starts_at = starts_at
        self._openings = OPENINGS if opens else 0
        self._interval = interval
        self._ends_at = starts_at + lasts
        self._sent = 0

    @classmethod
    def for_predicted(cls, *, starts_at: float, waits: bool = True) -> "CheckPlan":
        """Plan the checks of an address that is only expected to be the peer's.

        Args:
            starts_at: When it may be checked.
            waits: Let PREDICTED_WAIT pass before.
        """
        begin = starts_at + PREDICTED_WAIT if waits else starts_at
        return cls(starts_at=begin, opens=False, interval=PREDICTED_INTERVAL, lasts=CHECK_FAST)

    def take(self, fraction: float, *, now: float) -> int | None:
        """Return the TTL of the check that goes out now, None for the usual; plan the next.

        Args:
            fraction: Random, 0 to below 1.
            now: Clock.
        """
        self._sent += 1
        due = now + self._distance(fraction, now)
        self.due = due if due < self._ends_at else None
        return OPENING_TTL if self._sent <= self._openings else None

    def _distance(self, fraction: float, now: float) -> float:
        if now < self._starts_at + CHECK_FAST:
            return self._interval
        return _SLOW_MIN + fraction * (CHECK_SLOW_MAX - _SLOW_MIN)
