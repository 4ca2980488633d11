"""Requests whose answers come later, as events."""

import asyncio
from typing import Generic, TypeVar

from packhorse.wire.errors import PackhorseError, TransactionTimeoutError

AnswerT = TypeVar("AnswerT")


class Answers(Generic[AnswerT]):
    """Open requests by number; each is forgotten when it was answered or given up."""

    def __init__(self) -> None:
        self._open: dict[int, asyncio.Future[AnswerT]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def expect(self, request: int) -> asyncio.Future[AnswerT]:
        """Return what will hold the answer to a request."""
        answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        self._open[request] = answer
        answer.add_done_callback(lambda _: self._open.pop(request, None))
        return answer

    async def wait(self, request: int, timeout: float, stage: str) -> AnswerT:  # noqa: ASYNC109
        """Return the answer to a request.

        Raises:
            TransactionTimeoutError: It did not come within `timeout` seconds.
        """
        try:
            return await asyncio.wait_for(self.expect(request), timeout)
        except TimeoutError as error:
            if isinstance(error, PackhorseError):  # what ended the session
                raise
            raise TransactionTimeoutError(stage, 1, timeout) from None

    def give(self, request: int, value: AnswerT) -> None:
        """Hand on an answer; harmless when nobody waits for it."""
        answer = self._open.get(request)
        if answer is not None and not answer.done():
            answer.set_result(value)

    def fail(self, error: Exception) -> None:
        """Let everybody who waits see an error."""
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(error)
