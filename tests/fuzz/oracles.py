"""What must hold for every input."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from packhorse.wire.errors import ParseError

T = TypeVar("T")

_MAX_ROUNDS: Final = 2000  # calls of `handle_timeout` at one time
_MAX_MOMENTS: Final = 150  # deadlines that one step of the clock goes through


class Timed(Protocol):
    """A state machine with deadlines."""

    def next_timeout(self) -> float | None: ...

    def handle_timeout(self, *, now: float) -> None: ...


class BrokenRuleError(AssertionError):
    """The product broke a rule; an error of its own, so that no target takes it for an answer."""


def check(condition: object, rule: str) -> None:
    """Raise unless `condition` holds; works under -O as well.

    Raises:
        BrokenRuleError: It does not hold.
    """
    if not condition:
        raise BrokenRuleError(rule)


def decoded(decode: Callable[[], T]) -> T | None:
    """Return what is decoded, or None for a `ParseError`; any other error goes through."""
    try:
        return decode()
    except ParseError:
        return None


def settle(machine: Timed, drain: Callable[[float], object], *, now: float) -> None:
    """Handle what is due at one time: the next deadline must come to lie after it.

    Args:
        machine: What has deadlines.
        drain: Takes what it wants to send at a time.
        now: Seconds.

    Raises:
        BrokenRuleError: It never does: a shell would spin.
    """
    for _ in range(_MAX_ROUNDS):
        when = machine.next_timeout()
        if when is None or when > now:
            return
        machine.handle_timeout(now=now)
        drain(now)
    raise BrokenRuleError("next_timeout stays in the past")


def advance(machine: Timed, drain: Callable[[float], object], *, now: float, until: float) -> None:
    """Let time pass from deadline to deadline; after many of them, at one go."""
    settle(machine, drain, now=now)
    for _ in range(_MAX_MOMENTS):
        when = machine.next_timeout()
        if when is None or when > until:
            break
        settle(machine, drain, now=when)
    settle(machine, drain, now=until)
