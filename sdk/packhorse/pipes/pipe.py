"""The pipe as applications use it, whatever carries it."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, Self, TypeVar

from packhorse.pipes.consumers import CloseHandler, Handler, Kept, Subscription, call
from packhorse.pipes.drops import PipeDrop
from packhorse.pipes.paths import PipePath
from packhorse.wire.errors import PackhorseError, PipeClosedError, PipeLostError, PipeTimeoutError

logger = logging.getLogger(__name__)

_MAX_WAITING: Final = 4096  # unreliable messages that wait for the application; more are dropped

PathHandler = Callable[[PipePath], Awaitable[object] | object]
Remove = Callable[[], None]
_T = TypeVar("_T")


class Pipe(ABC):
    """Messages between two ends; a context manager that closes it.

    Each message goes to every matching `subscribe`; those that match none go to every
    `on_message` and `link`, and to whoever reads. A pipe with such functions keeps messages
    for `recv` and iteration only from the first use of these on; without, it keeps all.
    """

    def __init__(self, *, is_reliable: bool) -> None:
        self.drops: Counter[PipeDrop] = Counter()
        """What went no further, by reason."""
        self._is_reliable = is_reliable
        self._loop = asyncio.get_running_loop()
        self._inbox: deque[bytes] = deque()
        self._kept = Kept()
        self._has_reader = False
        self._handlers: list[Handler] = []
        self._subscriptions: list[Subscription] = []
        self._close_handlers: list[CloseHandler] = []
        self._path_handlers: list[PathHandler] = []
        self._error: PipeClosedError | None = None
        self._news: dict[asyncio.Future[None], None] = {}  # who waits, the longest first
        self._pump: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # What implementations bring.

    @property
    @abstractmethod
    def path(self) -> PipePath:
        """What carries the messages now."""

    @abstractmethod
    def try_send(self, data: bytes) -> bool:
        """Send a message at once; False when there is no place for it now.

        Raises:
            LocalProtocolError: It is too large.
            PipeClosedError: The pipe has ended.
        """

    @property
    def seen_host(self) -> str | None:
        """Own address as a relay sees it; None where there is no relay."""
        return None

    @property
    def is_idle(self) -> bool:
        """Tell whether everything reliable has arrived, or left where nothing tells that."""
        return True

    @abstractmethod
    def _on_taken(self, data: bytes) -> None:
        """Note that the application has taken a message."""

    @abstractmethod
    async def _shut(self) -> None:
        """Tell the other end and free what carries the pipe."""

    # Sending.

    async def send(self, data: bytes) -> None:
        """Send a message; a reliable one waits while too much is under way.

        Cancelling is safe: a message that still waits is not sent. Takes and raises what
        `try_send` does.
        """
        while not self.try_send(data):
            if not self._is_reliable:
                self.drops[PipeDrop.SEND_FAILED] += 1
                await asyncio.sleep(0)
                return
            await self._change()

    async def flush(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - part of the error
        """Wait until every reliable message has arrived.

        Raises:
            PipeTimeoutError: Some have not within `timeout` seconds.
            PipeClosedError: The pipe has ended.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self.is_idle:
                    self._raise_if_closed()
                    await self._change()
        except TimeoutError as error:
            if isinstance(error, PackhorseError):
                raise
            raise PipeTimeoutError("delivering messages", timeout) from None

    # Receiving.

    async def recv(self, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return the next message; cancelling is safe.

        Args:
            timeout: Seconds; None waits as long as the pipe lives.

        Raises:
            PipeTimeoutError: None came in time; the pipe goes on.
            PipeClosedError: The pipe has ended and all was read.
        """
        self._has_reader = True
        if not len(self._kept) and self._inbox and self._pump is None:
            return self._take()
        try:
            async with asyncio.timeout(timeout):
                return await self._next()
        except TimeoutError as error:
            if isinstance(error, PackhorseError):
                raise
            raise PipeTimeoutError("waiting for a message", timeout or 0.0) from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next message; the iteration ends when an end closes the pipe.

        Raises:
            PipeClosedError: The pipe failed.
        """
        try:
            return await self.recv()
        except PipeClosedError as error:
            if isinstance(error, PipeLostError):
                raise
            raise StopAsyncIteration from None

    def on_message(self, handler: Handler) -> Remove:
        """Call a function, sync or async, with each message; return what undoes this.

        Messages are handed out one after the other: the next waits for an async function.
        """
        self._handlers.append(handler)
        self._start_pump()
        return self._remover(self._handlers, handler)

    def subscribe(self, pattern: bytes, handler: Handler | None = None) -> Subscription:
        """Take the messages in which a regular expression is found out of the rest.

        Args:
            pattern: Regular expression of bytes.
            handler: Called with each, as by `on_message`; without, read the result.
        """
        subscription = Subscription(pattern, handler, lambda: None)
        subscription = Subscription(pattern, handler, lambda: self._unsubscribe(subscription))
        self._subscriptions.append(subscription)
        if self._error is not None:
            subscription.close(self._error)
        self._start_pump()
        return subscription

    def link(self, other: "Pipe") -> Remove:
        """Let what arrives here leave at another pipe, and back; return what undoes this.

        A slow receiver slows the sender where both pipes are reliable. Closing one leaves the
        other open.
        """
        there, back = self.on_message(_into(other, self)), other.on_message(_into(self, other))

        def unlink() -> None:
            there()
            back()

        return unlink

    # News.

    def on_close(self, handler: CloseHandler) -> Remove:
        """Call a function, sync or async, with the reason when the pipe has ended.

        On a pipe that has ended already it is called soon.
        """
        if self._error is not None:
            self._spawn(self._call_closed(handler, self._error), "packhorse-pipe-close")
            return lambda: None
        self._close_handlers.append(handler)
        return self._remover(self._close_handlers, handler)

    def on_path_change(self, handler: PathHandler) -> Remove:
        """Call a function, sync or async, with the new path when it has changed."""
        self._path_handlers.append(handler)
        return self._remover(self._path_handlers, handler)

    @property
    def is_closed(self) -> bool:
        """Tell whether the pipe has ended."""
        return self._error is not None

    async def wait_closed(self) -> PipeClosedError:
        """Return why the pipe has ended, once it has."""
        while self._error is None:
            await self._change()
        return self._error

    async def aclose(self) -> None:
        """Close the pipe and tell the other end; harmless when closed.

        What was sent and has not arrived is lost: `flush` first.
        """
        if self._error is None:
            self._finish(PipeClosedError("this side closed it"))
        await self._shut()
        current = asyncio.current_task()
        if self._pump is not None and self._pump is not current:
            self._pump.cancel()
            await asyncio.wait([self._pump])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self.aclose()

    # For implementations.

    def _deliver(self, data: bytes) -> None:
        """Take in a message from the other end."""
        if not self._is_reliable and len(self._inbox) >= _MAX_WAITING:
            self.drops[PipeDrop.INBOX_FULL] += 1
            return
        self._inbox.append(data)
        self._tell()

    def _tell(self) -> None:
        """Wake who waits for something to change."""
        news, self._news = self._news, {}
        for waiter in news:
            if not waiter.done():
                waiter.set_result(None)

    def _finish(self, error: PipeClosedError) -> None:
        """Note that the pipe has ended; what was received can still be read."""
        if self._error is not None:
            return
        self._error = error
        if self._pump is None:
            self._end_consumers()
        self._tell()

    def _path_changed(self) -> None:
        for handler in list(self._path_handlers):
            self._spawn(self._call_path(handler), "packhorse-pipe-path")

    def _raise_if_closed(self) -> None:
        if self._error is not None:
            raise self._error.with_traceback(None)

    # Own affairs.

    def _take(self) -> bytes:
        data = self._inbox.popleft()
        self._on_taken(data)
        return data

    async def _next(self) -> bytes:
        while True:
            if len(self._kept):
                return await self._kept.get(None)
            if self._pump is None and self._inbox:
                return self._take()
            if self._pump is None:
                self._raise_if_closed()
            await self._change()

    def _change(self) -> asyncio.Future[None]:
        waiter = self._loop.create_future()
        self._news[waiter] = None
        waiter.add_done_callback(lambda each: self._news.pop(each, None))  # it may give up
        return waiter

    def _start_pump(self) -> None:
        if self._pump is None and (self._error is None or self._inbox):
            self._pump = self._loop.create_task(self._run_pump(), name="packhorse-pipe-pump")

    async def _run_pump(self) -> None:
        try:
            while self._handlers or self._subscriptions:
                if self._inbox:
                    await self._dispatch(self._take())
                elif self._error is not None:
                    break
                else:
                    await self._change()
        finally:
            self._pump = None
            if self._error is not None:
                self._end_consumers()
            self._tell()

    async def _dispatch(self, data: bytes) -> None:
        matching = [each for each in self._subscriptions if each.matches(data)]
        for subscription in matching:
            if not await self._guard(subscription.take(data, may_wait=self._is_reliable)):
                self.drops[PipeDrop.SUBSCRIPTION_FULL] += 1
        if matching:
            return
        for handler in list(self._handlers):
            await self._guard(call(handler, data))
        if self._has_reader or not self._handlers:
            await self._keep(data)

    async def _keep(self, data: bytes) -> None:
        if self._is_reliable:
            await self._kept.put(data)
        elif not self._kept.offer(data):
            self.drops[PipeDrop.INBOX_FULL] += 1
        self._tell()

    async def _guard(self, work: Awaitable[bool | None]) -> bool:
        try:
            return await work is not False
        except Exception:
            self.drops[PipeDrop.HANDLER_FAILED] += 1
            logger.exception("a function that takes the messages of a pipe failed")
            return True

    def _unsubscribe(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._tell()

    def _remover(self, handlers: list[_T], handler: _T) -> Remove:
        def remove() -> None:
            if handler in handlers:
                handlers.remove(handler)
                self._tell()

        return remove

    def _end_consumers(self) -> None:
        error = self._error or PipeClosedError("closed")
        for subscription in self._subscriptions:
            subscription.close(error)
        handlers, self._close_handlers = self._close_handlers, []
        for handler in handlers:
            self._spawn(self._call_closed(handler, error), "packhorse-pipe-close")

    async def _call_closed(self, handler: CloseHandler, error: PipeClosedError) -> None:
        await self._guard_call(handler(error))

    async def _call_path(self, handler: PathHandler) -> None:
        await self._guard_call(handler(self.path))

    async def _guard_call(self, result: object) -> None:
        if asyncio.iscoroutine(result) or isinstance(result, asyncio.Future):
            await result

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.drops[PipeDrop.HANDLER_FAILED] += 1
            logger.error("a function of a pipe failed", exc_info=error)


def _into(target: Pipe, source: Pipe) -> Handler:
    """Return a function that sends the messages of `source` into `target`."""

    async def forward(data: bytes) -> None:
        try:
            await target.send(data)
        except PackhorseError:
            source.drops[PipeDrop.LINK_CLOSED] += 1

    return forward
