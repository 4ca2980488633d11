"""Tests of what all pipes do with those who wait."""

import asyncio

import pytest

from packhorse.pipes.paths import PathKind, PipePath
from packhorse.pipes.pipe import Pipe
from packhorse.wire.errors import PipeTimeoutError


class SilentPipe(Pipe):
    """Takes everything and hears nothing, unless a test says so."""

    def __init__(self) -> None:
        super().__init__(is_reliable=True)

    @property
    def path(self) -> PipePath:
        return PipePath(PathKind.DIRECT, None, None, None)

    def try_send(self, data: bytes) -> bool:  # noqa: ARG002
        return True

    def hear(self, data: bytes) -> None:
        self._deliver(data)

    def _on_taken(self, data: bytes) -> None:
        pass

    async def _shut(self) -> None:
        pass


async def test_whoever_gave_up_waiting_is_forgotten() -> None:
    """A game that looks again and again at a silent pipe takes no memory."""
    async with SilentPipe() as pipe:
        for _ in range(100):
            with pytest.raises(PipeTimeoutError):
                await pipe.recv(0.0)

        assert len(pipe._news) <= 1  # the last one is forgotten in the next turn


async def test_those_who_wait_get_messages_in_the_order_in_which_they_came() -> None:
    async with SilentPipe() as pipe:
        waiting = [asyncio.create_task(pipe.recv(1.0)) for _ in range(3)]
        await asyncio.sleep(0)  # they begin to wait

        for data in (b"1", b"2", b"3"):
            pipe.hear(data)

        assert [await each for each in waiting] == [b"1", b"2", b"3"]
