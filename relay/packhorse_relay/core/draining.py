"""A relay that is about to stop: no new rooms, and a deadline for those there are."""

from typing import Final

from packhorse.wire.messages import Drain
from packhorse_relay.core.members import Members
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.rooms import Session

_LONGEST_MS: Final = 3_600_000  # what deadline_ms can say


class Draining:
    """Knows whether the relay drains, and tells every member."""

    def __init__(self, registry: Registry, members: Members) -> None:
        self._registry = registry
        self._members = members
        self.deadline: float | None = None
        """When all sessions end, clock seconds; None while the relay does not drain."""

    def start(self, seconds: float, *, now: float) -> None:
        """Drain from now on; harmless when it does."""
        if self.deadline is None:
            self.deadline = now + seconds
            for session in self._registry.sessions.values():
                self.tell(session, now=now)

    def tell(self, session: Session, *, now: float) -> None:
        """Tell one member the deadline, if there is one; DRAIN may be lost, so say it often."""
        if self.deadline is not None:
            left = min(max(0, round((self.deadline - now) * 1000)), _LONGEST_MS)
            self._members.send(session, Drain(seq=session.take_seq(), deadline_ms=left))
