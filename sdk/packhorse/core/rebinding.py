"""Takes a session up again while it is in use: on a relay that has forgotten it, or elsewhere."""

from collections.abc import Callable
from typing import Final

from packhorse.core.joining import Joining, ResumeSession
from packhorse.core.machine import MemberMachine
from packhorse.core.saved_session import SavedSession
from packhorse.wire.constants import BIND_RETRY, DropReason, ErrorCode
from packhorse.wire.errors import PackhorseError, ParseError, RelayRefusedError
from packhorse.wire.messages import Grant, RelayCtrl

_PASSING: Final = frozenset(
    {ErrorCode.COOKIE_INVALID, ErrorCode.RATE_LIMITED, ErrorCode.RELAY_FULL, ErrorCode.QUOTA}
)


class Rebinding:
    """At most one attempt with HELLO and BIND at a time, and a pause between two.

    `grant` is set when an attempt has succeeded, `error` when none ever can.
    """

    def __init__(self, random_bytes: Callable[[int], bytes], *, now: float) -> None:
        self._random_bytes = random_bytes
        self._attempt: Joining | None = None
        self._start_at = now
        self.grant: Grant | None = None
        self.error: PackhorseError | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether an attempt is under way."""
        return self._attempt is not None

    def start(self, saved: SavedSession, *, now: float) -> bool:
        """Begin an attempt; False when one is under way or was a moment ago."""
        if self._attempt is not None or now < self._start_at:
            return False
        wish = ResumeSession(saved)
        self._attempt = Joining(wish, MemberMachine(), self._random_bytes, now=now)
        self._start_at = now + BIND_RETRY
        return True

    def stop(self) -> None:
        """Give up the attempt that is under way."""
        self._attempt = None

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        return None if self._attempt is None else self._attempt.next_timeout()

    def handle_timeout(self, *, now: float) -> list[bytes]:
        """Return what is due; an attempt without an answer ends."""
        if self._attempt is None:
            return []
        datagrams = self._attempt.handle_timeout(now=now)
        if self._attempt.error is not None:
            self._attempt = None
        return datagrams

    def receive(self, message: RelayCtrl, transaction: int, *, now: float) -> None:
        """Take in an answer of the relay.

        Raises:
            ParseError: It answers nothing that is open, or its proof is wrong.
        """
        attempt = self._attempt
        if attempt is None:
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)
        attempt.receive(message, transaction, now=now)
        if attempt.grant is not None:
            self.grant, self._attempt = attempt.grant, None
        elif isinstance(attempt.error, RelayRefusedError):
            self._refused(attempt.error, now)

    def _refused(self, error: RelayRefusedError, now: float) -> None:
        self._attempt = None
        if error.code in _PASSING:
            self._start_at = now + max(BIND_RETRY, error.retry_after or 0.0)
        else:
            self.error = error
