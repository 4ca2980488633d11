"""Moves a session from UDP to WebSocket when UDP has died under it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from packhorse.aio.paths import RelayPath, WebSocketPath
from packhorse.core.path_watch import PathWatch
from packhorse.core.relay_address import RelayAddress

Move = Callable[[RelayPath], Awaitable[None]]

_PAUSE: Final = 5.0  # seconds between two rounds of attempts


class PathKeeper:
    """Watches one path, and tries the others when it has died; there is no way back to UDP."""

    def __init__(self, relay: RelayAddress, path: RelayPath) -> None:
        """Watch from now on.

        Args:
            relay: As host and port.
            path: By UDP; the others go to the same address.
        """
        self.watch = PathWatch()
        schemes = ("ws", "wss")
        self._others = [WebSocketPath(path.address, relay.over(scheme)) for scheme in schemes]
        self._task: asyncio.Task[None] | None = None

    def replace(self, move: Move) -> None:
        """Start to try the other paths, unless that is under way.

        Args:
            move: Opens a path and goes over to it; raises `OSError` where that fails.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._replace(move), name="packhorse-path")

    def close(self) -> None:
        """Try nothing more; harmless when closed."""
        if self._task is not None:
            self._task.cancel()

    async def _replace(self, move: Move) -> None:
        for path in self._others:
            try:
                await move(path)
            except OSError:  # the next one, or all of them again: the session ends in time
                continue
            return
        await asyncio.sleep(_PAUSE)
