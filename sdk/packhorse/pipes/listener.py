"""The accepting side: iterate over it for pipes that others have opened."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter, deque
from typing import Final, Self

from packhorse.pipes.pipe import Pipe
from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.errors import PackhorseError, PipeTimeoutError

MAX_PIPES: Final = 1024
MAX_OF_ADDRESS: Final = 64  # pipes; an IPv6 /64 counts as one
_MAX_BACKLOG: Final = 128  # pipes that wait to be accepted


class PipeListener(ABC):
    """Accepts pipes; a context manager that closes it and them."""

    def __init__(self) -> None:
        self._backlog: deque[Pipe] = deque()
        self._sources: Counter[bytes] = Counter()  # pipes of each address
        self._news = asyncio.Event()
        self._is_closed = False
        self._error: PackhorseError | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """What `open_pipe` takes at the other end."""

    async def accept(self, timeout: float | None = None) -> Pipe:  # noqa: ASYNC109
        """Return the next pipe.

        Args:
            timeout: Seconds; None waits as long as the listener lives.

        Raises:
            PipeTimeoutError: Nobody came in time.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self.__anext__()
        except StopAsyncIteration:
            raise PipeTimeoutError("accepting: the listener is closed", 0.0) from None
        except TimeoutError as error:
            if isinstance(error, PackhorseError):
                raise
            raise PipeTimeoutError("waiting for a pipe", timeout or 0.0) from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Pipe:
        """Return the next pipe; the iteration ends when the listener is closed."""
        while not self._backlog:
            if self._error is not None:
                raise self._error
            if self._is_closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._backlog.popleft()

    async def aclose(self) -> None:
        """Stop listening and close all pipes accepted; harmless when closed."""
        if self._is_closed:
            return
        self._is_closed = True
        self._news.set()
        await self._shut()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self.aclose()

    @abstractmethod
    async def _shut(self) -> None:
        """Free what it listens on."""

    def _may_accept(self, source: TransportAddress) -> bool:
        """Tell whether there is place for a pipe from an address that is proven."""
        if self._is_closed or len(self._backlog) >= _MAX_BACKLOG:
            return False
        is_full = sum(self._sources.values()) >= MAX_PIPES
        return not is_full and self._sources[source_of(source)] < MAX_OF_ADDRESS

    def _count(self, source: TransportAddress, pipe: Pipe) -> None:
        """Let a pipe take a place until it ends."""
        key = source_of(source)
        self._sources[key] += 1
        pipe.on_close(lambda _error: self._forget(key))

    def _forget(self, key: bytes) -> None:
        self._sources[key] -= 1
        if not self._sources[key]:
            del self._sources[key]

    def _accept(self, pipe: Pipe) -> None:
        self._backlog.append(pipe)
        self._news.set()

    def _fail(self, error: PackhorseError) -> None:
        self._error = error
        self._news.set()
