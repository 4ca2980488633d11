"""When to ask for missed room events."""

from typing import Final

from packhorse.core.retransmission import GIVE_UP_AFTER
from packhorse.core.roster import Roster
from packhorse.wire.constants import SYNC_RETRY

_LONGEST_RETRY: Final = 4.0  # seconds


class SyncSchedule:
    """SYNC goes out when the roster is behind and is repeated, ever less often."""

    def __init__(self, roster: Roster, *, now: float) -> None:
        self._roster = roster
        self._is_wanted = False
        self._wait = SYNC_RETRY
        self.sends = 0
        """SYNCs sent so far."""
        self._send_at = now + SYNC_RETRY  # the relay sends the first roster unasked
        self.gives_up_at = now + GIVE_UP_AFTER
        """By then the first roster must have come, clock seconds."""

    @property
    def is_needed(self) -> bool:
        """Tell whether the member does not know the room as it is now."""
        return self._roster.is_behind or self._is_wanted

    def begin_again(self, *, now: float) -> None:
        """The relay sends the roster unasked; ask when it does not come."""
        self._is_wanted = False
        self._wait = SYNC_RETRY
        self._send_at = now + SYNC_RETRY

    def want(self) -> None:
        """Ask although no newer revision was heard of: there is data of an unknown peer."""
        self._is_wanted = True

    def satisfy(self) -> None:
        """Note that EVENTS or ROSTER came."""
        self._is_wanted = False
        if not self.is_needed:
            self._wait = SYNC_RETRY
            self._send_at = 0.0

    def next_timeout(self) -> float | None:
        """Return when SYNC must go out."""
        return self._send_at if self.is_needed else None

    def is_due(self, *, now: float) -> bool:
        """Tell whether SYNC must go out."""
        return self.is_needed and now >= self._send_at

    def count_send(self, *, now: float) -> None:
        """Note that SYNC was sent."""
        self.sends += 1
        self._send_at = now + self._wait
        self._wait = min(self._wait * 2, _LONGEST_RETRY)
