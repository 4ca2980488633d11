"""An event loop that calls readers while it waits: a datagram costs no turn of the loop."""

import asyncio
import select
import selectors
import sys
import time
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Protocol, TypeVarTuple

_Ts = TypeVarTuple("_Ts")
_Ready = list[tuple[selectors.SelectorKey, int]]


class _File(Protocol):
    def fileno(self) -> int: ...


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that forwards at the least cost here."""
    return ReadingLoop() if sys.platform == "linux" else asyncio.new_event_loop()


class ReadingSelector(selectors.DefaultSelector):
    """Waits for files as selectors do, and calls the readers of some others meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: dict[int, Callable[[], object]] = {}
        self._all = select.epoll()
        """The readers' files, and this selector, which is readable when one of its own is ready."""
        self._all.register(self.fileno(), select.EPOLLIN)
        self.must_return = False
        """Set by a reader: the loop has something to do."""
        self.on_error: Callable[[Exception], None] = lambda _error: None
        """Called with what a reader raised."""

    def set_reader(self, fd: int, read: Callable[[], object]) -> None:
        """Call `read` whenever a file is readable."""
        if fd not in self._readers:
            self._all.register(fd, select.EPOLLIN)
        self._readers[fd] = read

    def drop_reader(self, fd: int) -> bool:
        """Call nothing any more; tells whether there was a reader."""
        if self._readers.pop(fd, None) is None:
            return False
        self._all.unregister(fd)
        return True

    def select(self, timeout: float | None = None) -> _Ready:
        """Return what is ready besides the readers' files.

        Nothing waits for readers longer than each of them takes: all are called once, then
        what else is ready, what is due and what they have asked of the loop has its turn.

        Args:
            timeout: Seconds; None: without end.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        readers, has_others, self.must_return = self._readers, False, False
        while not (has_others or self.must_return):
            for fd, _ in self._all.poll(timeout, len(readers) + 1):
                if fd not in readers:
                    has_others = True
                    continue
                try:
                    readers[fd]()
                except Exception as error:  # noqa: BLE001 - as the loop does with all it calls
                    self.on_error(error)
            if deadline is not None:
                timeout = deadline - time.monotonic()
                if timeout <= 0:
                    break
        return super().select(0) if has_others else []

    def close(self) -> None:
        """Close both."""
        self._all.close()
        super().close()


class ReadingLoop(asyncio.SelectorEventLoop):
    """The usual event loop, but that what `add_reader` adds is called within its wait.

    A turn of the loop for each datagram costs as much as forwarding it. What a reader does
    with the loop, such as setting a timer, ends the wait.
    """

    def __init__(self) -> None:
        self._waiting = ReadingSelector()
        super().__init__(self._waiting)
        self._waiting.on_error = self._report

    def add_reader(self, fd: int | _File, callback: Callable[[*_Ts], object], *args: *_Ts) -> None:
        """Call back whenever a file is readable; what it called before, it does no more."""
        self._waiting.set_reader(_number(fd), partial(callback, *args))

    def remove_reader(self, fd: int | _File) -> bool:
        """Call nothing any more; tells whether there was something to call.

        What the loop itself has added, as for `sock_accept`, it removes by this, too.
        """
        return self._waiting.drop_reader(_number(fd)) or super().remove_reader(fd)

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call back in the next turn."""
        self._waiting.must_return = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a time of the loop's clock."""
        self._waiting.must_return = True
        return super().call_at(when, callback, *args, context=context)

    def _report(self, error: Exception) -> None:
        message = "a reader raised an exception"
        self.call_exception_handler({"message": message, "exception": error})


def _number(fd: int | _File) -> int:
    return fd if isinstance(fd, int) else fd.fileno()
