"""Tells when a path to the relay has died: nothing comes back, however often we ask."""

from enum import Enum
from typing import Final

from packhorse.core.pings import Pings

ASK_AFTER: Final = 1.0  # seconds without an answer until we ask again, and between two questions
DEAD_AFTER: Final = 5.0  # seconds without an answer, and
DEAD_PINGS: Final = 5  # PINGs in them: with 10 % loss each way that is once in 4000 PINGs


class Verdict(Enum):
    """What is to be done about a path."""

    NOTHING = "nothing"
    ASK = "ask"
    """Ping: the last one was not answered."""
    REPLACE = "replace"
    """Ping, and look for another path."""


class PathWatch:
    """Judges the silence of a path once a second, while there is one.

    With PINGs every 5 s (SPEC.md section 8.2) a path that dies is to be replaced after 5 s to
    10.5 s: long before its session is lost.
    """

    def __init__(self) -> None:
        self._judged_at = float("-inf")

    def next_timeout(self, pings: Pings) -> float | None:
        """Return when `judge` has something to say."""
        if pings.silent_since is None:
            return None
        return max(pings.silent_since, self._judged_at) + ASK_AFTER

    def judge(self, pings: Pings, *, now: float) -> Verdict:
        """Return what is to be done now."""
        deadline = self.next_timeout(pings)
        if pings.silent_since is None or deadline is None or now < deadline:
            return Verdict.NOTHING
        self._judged_at = now
        is_dead = now >= pings.silent_since + DEAD_AFTER and pings.unanswered >= DEAD_PINGS
        return Verdict.REPLACE if is_dead else Verdict.ASK
