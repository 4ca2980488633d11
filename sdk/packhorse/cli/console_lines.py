"""Lines that somebody types while the event loop runs."""

import asyncio
import errno
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_MAX_LINE: Final = 1024  # bytes; longer ones are dropped
_MAX_WAITING: Final = 16  # lines that were read and not yet acted upon; then reading waits
_LOOK_AGAIN: Final = 1.0  # seconds, while another program has the terminal

Lines = asyncio.Queue[str | None]
"""What was typed, line by line; None at the end."""


class LineCutter:
    """Cuts what was read into lines; remembers `_MAX_LINE` bytes at most."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_too_long = False

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that are complete now."""
        *whole, rest = (self._rest + data).split(b"\n")
        lines = [line for line in whole[self._is_too_long :] if len(line) <= _MAX_LINE]
        self._is_too_long = len(rest) > _MAX_LINE or (self._is_too_long and not whole)
        self._rest = b"" if self._is_too_long else rest
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]


@asynccontextmanager
async def read_lines(descriptor: int) -> AsyncIterator[Lines]:
    """Read lines from a terminal or a pipe on a thread of its own.

    The thread ends with the input or with the program: nothing can interrupt it.
    """
    _outlive_the_background()
    lines: Lines = asyncio.Queue(_MAX_WAITING)
    loop = asyncio.get_running_loop()
    arguments = (descriptor, lines, loop)
    threading.Thread(target=_read, args=arguments, name="packhorse-lines", daemon=True).start()
    yield lines


def _outlive_the_background() -> None:
    """Let reading fail, not stop the program, while it is in the background of a terminal."""
    if hasattr(signal, "SIGTTIN"):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def _read(descriptor: int, lines: Lines, loop: asyncio.AbstractEventLoop) -> None:
    cutter = LineCutter()
    while data := _read_some(descriptor):
        for line in cutter.feed(data):
            if not _hand_on(line, lines, loop):
                return
    _hand_on(None, lines, loop)


def _read_some(descriptor: int) -> bytes:
    """Return what was typed; nothing at the end of the input."""
    while True:
        try:
            return os.read(descriptor, 4096)
        except OSError as error:
            if error.errno != errno.EIO or not _is_in_background(descriptor):
                return b""
        time.sleep(_LOOK_AGAIN)


def _is_in_background(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except OSError:  # the terminal is gone
        return False


def _hand_on(line: str | None, lines: Lines, loop: asyncio.AbstractEventLoop) -> bool:
    """Wait until the event loop has place for a line; False when it has ended."""
    putting = lines.put(line)
    try:
        asyncio.run_coroutine_threadsafe(putting, loop).result()
    except (RuntimeError, asyncio.CancelledError, TimeoutError):
        putting.close()
        return False
    return True
