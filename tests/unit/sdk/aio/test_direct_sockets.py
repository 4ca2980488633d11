"""Tests of the sockets for direct paths."""

import asyncio

import pytest

from packhorse.aio import direct_sockets
from packhorse.aio.direct_sockets import DirectSockets
from packhorse.aio.udp import UdpSocket


def test_socket_that_the_relay_is_not_reached_by_any_more_is_not_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when UDP to the relay died: the timer that offers addresses must not break."""
    monkeypatch.setattr(direct_sockets, "local_addresses", lambda: ["192.0.2.7"])

    async def offered() -> tuple[int, int]:
        shared = await UdpSocket.open(lambda *_: None, bind=("127.0.0.1", 0))
        direct = DirectSockets()
        await direct.open(shared, lambda *_: None, lambda: None)
        before = len(direct.candidates())
        shared.close()
        after = len(direct.candidates())
        direct.close()
        return before, after

    assert asyncio.run(offered()) == (1, 0)
