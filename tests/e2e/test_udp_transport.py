"""Where the event loop cannot watch sockets (Windows), transports carry the same traffic."""

import asyncio
from typing import NoReturn

import pytest

import packhorse
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse_relay.aio.server import RelayServer


@pytest.fixture
async def _loop_that_cannot_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse `add_reader`, as the loop of Windows does; transports do without it."""

    def refuse(*_args: object) -> NoReturn:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", refuse)


@pytest.mark.usefixtures("_loop_that_cannot_watch")
async def test_members_meet_over_transports() -> None:
    async with (
        RelayServer(bind=["127.0.0.1", "::1"], port=0) as relay,
        packhorse.host(f"127.0.0.1:{relay.port}") as host,
        packhorse.join(f"[::1]:{relay.port}", host.code) as client,
        asyncio.timeout(5),
    ):
        await client.send(b"over IPv6", to=packhorse.HOST)
        events = [await anext(host), await anext(host)]

    assert events == [
        packhorse.PeerJoined(client.peer_id),
        packhorse.Message(b"over IPv6", client.peer_id),
    ]


@pytest.mark.usefixtures("_loop_that_cannot_watch")
async def test_connected_socket_sends_receives_and_closes_over_a_transport() -> None:
    received: asyncio.Queue[tuple[bytes, SocketAddress]] = asyncio.Queue()
    server = await UdpSocket.open(
        lambda data, source: received.put_nowait((data, source)), bind=("127.0.0.1", 0)
    )
    client = await UdpSocket.open(lambda *_: None, connect=server.local_address)

    assert client.send(b"hello")
    async with asyncio.timeout(5):
        answer = await received.get()

    assert answer == (b"hello", client.local_address)
    for sock in (client, server, client):
        sock.close()
