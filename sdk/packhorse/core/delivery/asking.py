"""When a datagram of nothing but unreliable frames asks for an acknowledgement."""

from typing import Final

from packhorse.wire.constants import ASK_INTERVAL, ASK_NUMBERS

_FARTHEST: Final = (1 << 15) - ASK_NUMBERS  # numbers; SPEC.md section 16.3 allows ASK_NUMBERS more


class AskSchedule:
    """Asks now and then, so that the RTT is known and numbers keep their meaning."""

    __slots__ = ("_asked_at", "_next_number")

    def __init__(self, *, now: float) -> None:
        self._asked_at = now
        self._next_number = 0

    @property
    def due_at(self) -> float:
        """When the next datagram asks at the latest."""
        return self._asked_at + ASK_INTERVAL

    def is_due(self, number: int, *, now: float) -> bool:
        """Tell whether the datagram with this number asks."""
        return now >= self.due_at or number - self._next_number >= ASK_NUMBERS

    def note(self, number: int, *, now: float) -> None:
        """Note that the datagram with this number asks."""
        self._asked_at, self._next_number = now, number + 1


def may_go_on(number: int, largest_acked: int) -> bool:
    """Tell whether a number is so near to the largest acknowledged one, -1 for none.

    One that is much further away would be taken for a number of the past.
    """
    return number - largest_acked <= _FARTHEST
