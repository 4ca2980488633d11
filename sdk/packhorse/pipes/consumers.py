"""Who gets the messages of a pipe: functions, subscriptions, and whoever reads."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Final, Self

from packhorse.wire.errors import PipeClosedError, PipeLostError, PipeTimeoutError

Handler = Callable[[bytes], Awaitable[object] | object]
CloseHandler = Callable[[PipeClosedError], Awaitable[object] | object]

_MAX_KEPT: Final = 1024  # messages that wait for a reader


class Kept:
    """Messages that wait for a reader; bounded."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_KEPT)
        self._error: PipeClosedError | None = None

    def __len__(self) -> int:
        return self._queue.qsize()

    async def put(self, data: bytes) -> None:
        """Keep a message; waits while there is no place."""
        await self._queue.put(data)

    def offer(self, data: bytes) -> bool:
        """Keep a message; False when there is no place."""
        if self._queue.full():
            return False
        self._queue.put_nowait(data)
        return True

    async def get(self, timeout: float | None) -> bytes:  # noqa: ASYNC109 - part of the error
        """Return the next message.

        Raises:
            PipeTimeoutError: None came within `timeout` seconds.
            PipeClosedError: The pipe has ended and all was read.
        """
        if self._queue.empty() and self._error is not None:
            raise self._error.with_traceback(None)
        try:
            async with asyncio.timeout(timeout):
                data = await self._queue.get()
        except TimeoutError:
            raise PipeTimeoutError("waiting for a message", timeout or 0.0) from None
        if data is not None:
            return data
        self._wake()  # whoever else waits
        raise self._error or PipeClosedError("closed")

    def close(self, error: PipeClosedError) -> None:
        """Let readers end once all was read."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if not self._queue.full():
            self._queue.put_nowait(None)


class Subscription:
    """The messages of a pipe that match a pattern; iterate over it, or `recv`."""

    def __init__(self, pattern: bytes, handler: Handler | None, end: Callable[[], None]) -> None:
        self._pattern = re.compile(pattern)
        self._handler = handler
        self._end = end
        self._kept = Kept()

    async def recv(self, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return the next message that matches; raises what `Pipe.recv` does."""
        return await self._kept.get(timeout)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._kept.get(None)
        except PipeClosedError as error:
            if isinstance(error, PipeLostError):
                raise
            raise StopAsyncIteration from None

    def cancel(self) -> None:
        """End it: what matches goes to `recv` of the pipe again. Harmless when ended."""
        self._end()
        self.close(PipeClosedError("the subscription was cancelled"))

    def close(self, error: PipeClosedError) -> None:
        """Let readers end once all was read."""
        self._kept.close(error)

    def matches(self, data: bytes) -> bool:
        """Tell whether the pattern is found in a message."""
        return self._pattern.search(data) is not None

    async def take(self, data: bytes, *, may_wait: bool) -> bool:
        """Hand on a message; False when there was no place for it."""
        if self._handler is not None:
            await call(self._handler, data)
            return True
        if may_wait:
            await self._kept.put(data)
            return True
        return self._kept.offer(data)


async def call(handler: Handler, data: bytes) -> None:
    """Call a function, and await what it returns if that can be awaited."""
    result = handler(data)
    if inspect.isawaitable(result):
        await result
