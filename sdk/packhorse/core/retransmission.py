"""When to send a request again, and when to give up."""

from typing import Final

from packhorse.wire.constants import RETRANSMISSION

MAX_SENDS = len(RETRANSMISSION) + 1
GIVE_UP_AFTER = sum(RETRANSMISSION) + RETRANSMISSION[-1]  # seconds from the first send


class Retransmission:
    """The schedule of one request (SPEC.md section 5)."""

    __slots__ = ("deadline", "sends", "started_at")

    def __init__(self, *, now: float) -> None:
        self.started_at = now
        self.deadline = now
        """When to send next, or to give up after the last send."""
        self.sends = 0

    @property
    def is_exhausted(self) -> bool:
        """Tell whether the deadline is that of giving up."""
        return self.sends == MAX_SENDS

    def is_due(self, *, now: float) -> bool:
        """Tell whether the deadline has passed."""
        return now >= self.deadline

    def count_send(self, *, now: float) -> None:
        """Note that the request was sent and set the next deadline."""
        self.deadline = now + RETRANSMISSION[min(self.sends, len(RETRANSMISSION) - 1)]
        self.sends += 1


class Polling:
    """Repeats a request that was heard but not yet answered; looks like `Retransmission`."""

    __slots__ = ("_interval", "_until", "deadline", "started_at")

    sends: Final = 0
    """How many were lost is not known."""

    def __init__(self, interval: float, patience: float, *, now: float) -> None:
        self.started_at = now
        self._interval = interval
        self._until = now + patience
        self.deadline = now + interval
        """When to send next, or to give up."""

    @property
    def is_exhausted(self) -> bool:
        """Tell whether the deadline is that of giving up."""
        return self.deadline >= self._until

    def count_send(self, *, now: float) -> None:
        """Note that the request was sent and set the next deadline."""
        self.deadline = min(now + self._interval, self._until)
