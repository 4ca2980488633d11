"""How many connections the relay takes, and why it ends one."""

from enum import StrEnum

from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.source_counts import SourceCounts

_BURST = 2.0  # seconds' worth of connections that may come at once


class ConnectionEnd(StrEnum):
    """Why the relay refused or ended a connection."""

    TOO_MANY_OF_SOURCE = "too_many_of_source"
    TOO_MANY = "too_many"
    TOO_FAST = "too_fast"
    NOT_OPENED = "not_opened"
    NO_SESSION = "no_session"
    STALLED = "stalled"
    CONTROL_FLOOD = "control_flood"


class ConnectionLimits:
    """Counts connections by source and in all (SPEC.md WS-6)."""

    def __init__(self, settings: Settings, max_connections: int, *, now: float) -> None:
        self._per_source = settings.websocket_connections_per_source
        self._max_connections = max_connections
        rate = settings.websocket_accept_rate
        self._accepts = TokenBucket(rate, rate * _BURST, now=now)
        self._by_source = SourceCounts()
        self._total = 0

    def change_settings(self, settings: Settings, max_connections: int, *, now: float) -> None:
        """Go by other limits; who is connected stays."""
        self._per_source = settings.websocket_connections_per_source
        self._max_connections = max_connections
        rate = settings.websocket_accept_rate
        self._accepts.change_rate(rate, rate * _BURST, now=now)

    def __len__(self) -> int:
        return self._total

    def accept(self, source: bytes | None, *, now: float) -> ConnectionEnd | None:
        """Count a connection; return why it must be closed again, or None.

        Args:
            source: Whom it counts for; None when a proxy has yet to tell.
            now: Clock seconds.
        """
        if not (source is None or self._by_source.may_have_another(source, self._per_source)):
            return ConnectionEnd.TOO_MANY_OF_SOURCE
        if self._total >= self._max_connections:
            return ConnectionEnd.TOO_MANY
        if not self._accepts.take(now=now):
            return ConnectionEnd.TOO_FAST
        self._total += 1
        return None if source is None else self.assign(source)

    def assign(self, source: bytes) -> ConnectionEnd | None:
        """Count an accepted connection for the source that a proxy has told.

        Returns:
            Why it must be closed, or None.
        """
        if not self._by_source.may_have_another(source, self._per_source):
            return ConnectionEnd.TOO_MANY_OF_SOURCE
        self._by_source.add(source)
        return None

    def release(self, source: bytes | None) -> None:
        """Forget a connection that was accepted, and assigned to `source` if that is not None."""
        self._total -= 1
        if source is not None:
            self._by_source.remove(source)
