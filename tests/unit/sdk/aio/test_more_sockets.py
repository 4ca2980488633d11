"""Tests of the sockets that birthday probing opens."""

import asyncio
from collections.abc import Callable

import pytest

from packhorse.aio.more_sockets import MoreSockets
from packhorse.aio.udp import UdpSocket
from packhorse.core.direct.channel import DirectDatagram
from packhorse.wire.address import TransportAddress


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.005)


async def test_each_number_has_a_socket_of_its_own_and_what_comes_there_names_it() -> None:
    heard: list[tuple[bytes, tuple[str, int]]] = []
    answers: list[tuple[bytes, int]] = []
    peer = await UdpSocket.open(
        lambda data, source: heard.append((data, source)), bind=("127.0.0.1", 0)
    )
    more = MoreSockets(lambda data, source: answers.append((data, source.listener)), lambda: None)
    at = TransportAddress(*peer.local_address)
    for number in (1, 2):
        more.send(DirectDatagram(bytes([number]), at._replace(listener=number)))
    await until(lambda: len(heard) == 2)
    more.send(DirectDatagram(b"again", at._replace(listener=1)))
    await until(lambda: len(heard) == 3)
    sources = dict(heard)
    assert sources[b"again"] == sources[b"\1"] != sources[b"\2"]
    for data, source in sources.items():
        peer.send(data, source)
    await until(lambda: len(answers) == 3)
    assert set(answers) == {(b"\1", 1), (b"\2", 2), (b"again", 1)}
    more.keep({2})
    assert len(more) == 1
    more.keep(())
    assert len(more) == 0
    peer.close()


async def test_machine_that_has_no_sockets_left_does_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object, **__: object) -> UdpSocket:
        raise OSError("too many open files")

    monkeypatch.setattr(UdpSocket, "open", refuse)
    more = MoreSockets(lambda *_: None, lambda: None)
    more.send(DirectDatagram(b"x", TransportAddress("127.0.0.1", 9, 1)))
    await until(lambda: len(more) == 0)
