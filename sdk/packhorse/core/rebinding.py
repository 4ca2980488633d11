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

    One that got no answer may have been granted all the same: then nothing that is sealed
    with the former keys counts any more, and only another attempt can tell.

    `grant` is set when an attempt has succeeded, `error` when none ever can.
    """

    def __init__(self, random_bytes: Callable[[int], bytes], *, now: float) -> None:
        self._random_bytes = random_bytes
        self._attempt: Joining | None = None
        self._wish: ResumeSession | None = None  # until it is answered
        self._start_at = now
        self.grant: Grant | None = None
        self.error: PackhorseError | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether an attempt is under way, or will be."""
        return self._wish is not None

    def start(self, saved: SavedSession, *, is_guarded: bool = False, now: float) -> bool:
        """Begin an attempt; False when one is under way or was a moment ago.

        Args:
            saved: The session.
            is_guarded: As in `ResumeSession`.
            now: Seconds, monotonic.
        """
        if self._attempt is not None or now < self._start_at:
            return False
        self._begin(ResumeSession(saved, is_guarded=is_guarded), now)
        return True

    def _begin(self, wish: ResumeSession, now: float) -> Joining:
        self._wish = wish
        self._attempt = Joining(wish, MemberMachine(), self._random_bytes, now=now)
        self._start_at = now + BIND_RETRY
        return self._attempt

    def stop(self) -> None:
        """Give up what is under way."""
        self._attempt = self._wish = None

    def hear(self) -> None:
        """Note that the relay still speaks under the present keys: no need to try again."""
        if self._attempt is None:
            self._wish = None

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        if self._attempt is not None:
            return self._attempt.next_timeout()
        return None if self._wish is None else self._start_at

    def handle_timeout(self, *, now: float) -> list[bytes]:
        """Return what is due; an attempt without an answer ends, and another follows."""
        attempt = self._attempt
        if attempt is None:
            if self._wish is None or now < self._start_at:
                return []
            attempt = self._begin(self._wish, now)
        datagrams = attempt.handle_timeout(now=now)
        if attempt.error is not None:
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
            self.grant = attempt.grant
            self.stop()
        elif isinstance(attempt.error, RelayRefusedError):
            self._refused(attempt.error, now)

    def _refused(self, error: RelayRefusedError, now: float) -> None:
        self.stop()
        if error.code in _PASSING:
            self._start_at = now + max(BIND_RETRY, error.retry_after or 0.0)
        else:
            self.error = error
