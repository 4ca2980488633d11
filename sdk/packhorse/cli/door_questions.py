"""Who waits for the decision of whoever sits at a `packhorse host`."""

from dataclasses import dataclass
from typing import Final

from packhorse.wire.constants import APPROVAL, PENDING_PER_ROOM
from packhorse.wire.errors import ConfigurationError

_ADVICE: Final = "type list to see who does"
MAX_QUESTIONS: Final = 2 * PENDING_PER_ROOM  # a relay that was restarted may ask anew
_MOMENT: Final = 2.0  # seconds in which somebody may still answer a question that has gone


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody who wants to join."""

    request: int
    name: str
    """Who they say they are."""
    expires_at: float
    """Seconds, monotonic: the relay refuses them then."""


class Questions:
    """Open questions in the order in which they came; at most `MAX_QUESTIONS`.

    An answer without a number is taken only where it cannot be meant for somebody else:
    one question is open, and no other has gone a moment ago.
    """

    def __init__(self) -> None:
        self._open: dict[int, Question] = {}
        self._gone_at = float("-inf")

    @property
    def open(self) -> tuple[Question, ...]:
        """Who waits now, the first first."""
        return tuple(self._open.values())

    def ask(self, request: int, name: str, *, now: float) -> Question | None:
        """Open a question in the place of an older one of this number; None when all is full."""
        if self._open.pop(request, None) is not None:
            self._gone_at = now
        if len(self._open) >= MAX_QUESTIONS:
            return None
        question = Question(request, name, now + APPROVAL)
        self._open[request] = question
        return question

    def answer(self, request: int | None, *, now: float) -> Question:
        """Close the question that an answer is meant for, and return it.

        Raises:
            ConfigurationError: It cannot be told which one that is.
        """
        self._drop_expired(now)
        if request is not None:
            return self._answer_named(request)
        if not self._open:
            raise ConfigurationError("nobody waits", _ADVICE)
        if len(self._open) > 1 or now < self._gone_at + _MOMENT:
            numbers = ", ".join(map(str, self._open))
            raise ConfigurationError(
                f"it is not clear who is meant; waiting: {numbers}", "add the number of the request"
            )
        return self._open.popitem()[1]

    def drop(self, question: Question, *, now: float) -> None:
        """Forget a question that nobody has answered; harmless when it is not open."""
        if self._open.get(question.request) is question:
            del self._open[question.request]
            self._gone_at = now

    def _answer_named(self, request: int) -> Question:
        question = self._open.pop(request, None)
        if question is None:
            raise ConfigurationError(f"request {request} does not wait", _ADVICE)
        return question

    def _drop_expired(self, now: float) -> None:
        for question in self.open:
            if question.expires_at <= now:
                self.drop(question, now=now)
