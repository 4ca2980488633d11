"""Two joined pipes of each kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import packhorse
from packhorse.pipes.listener import PipeListener


@asynccontextmanager
async def pipe_pair(
    where: str, *, mode: packhorse.Mode | None = packhorse.Mode.RELIABLE, **options: Any
) -> AsyncIterator[tuple[packhorse.Pipe, packhorse.Pipe]]:
    """Listen, open a pipe, and accept it: (opened, accepted)."""
    async with packhorse.listen_pipes(where, mode=mode) as listener:
        near, far = await open_to(listener, mode=mode, **options)
        async with near, far:
            yield near, far


async def open_to(
    listener: PipeListener, *, mode: packhorse.Mode | None = packhorse.Mode.RELIABLE, **options: Any
) -> tuple[packhorse.Pipe, packhorse.Pipe]:
    """Open a pipe to a listener and accept it there: (opened, accepted)."""
    near = await packhorse.open_pipe(listener.address, mode=mode, **options)
    if mode is None:
        await near.send(b"first")  # before that a listener knows of no plain pipe over UDP
    far = await listener.accept(5.0)
    if mode is None:
        assert await far.recv(5.0) == b"first"
    return near, far
