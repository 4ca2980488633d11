"""wss through nginx and Caddy, configured as deploy/ says, to a real relay."""

import asyncio
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

import packhorse
from packhorse import Message, Mode
from packhorse.aio.message_stream import SUBPROTOCOL
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.websocket_settings import WebSocketSettings
from tests.support.certificate import make_certificate
from tests.support.relays import LOOPBACK, address_of, patient_settings
from tests.support.waiting import next_of, until
from tests.support.web_proxies import PROXIES, Site, free_tcp_port, web_proxy

BIG: Final = 200_000  # bytes
PLAYER: Final = "127.0.0.2"
FORGED: Final = "203.0.113.66"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    cert, key = make_certificate(tmp_path, name="relay")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    return cert, key


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    websocket = WebSocketSettings(trusted_proxies=(LOOPBACK,))
    async with RelayServer(
        bind=[LOOPBACK], port=0, settings=patient_settings(), websocket=websocket
    ) as server:
        yield server


@pytest.fixture(params=PROXIES)
async def url(
    request: pytest.FixtureRequest,
    relay: RelayServer,
    certificate: tuple[Path, Path],
    tmp_path: Path,
) -> AsyncIterator[str]:
    site = Site(relay.port, free_tcp_port(), *certificate, tmp_path)
    async with in_thread(web_proxy(request.param, site)) as running:
        yield running


@asynccontextmanager
async def in_thread(manager: AbstractContextManager[str]) -> AsyncIterator[str]:
    """Enter and leave without holding up the event loop."""
    value = await asyncio.to_thread(manager.__enter__)
    try:
        yield value
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


async def test_host_through_a_proxy_meets_a_member_over_udp(relay: RelayServer, url: str) -> None:
    data = secrets.token_bytes(BIG)
    async with (
        packhorse.host(url) as host,
        packhorse.join(address_of(relay), host.code, transport="udp") as guest,
    ):
        await next_of(host, packhorse.PeerJoined)
        for sender, receiver in ((host, guest), (guest, host)):
            await sender.send(data, to=receiver.peer_id, mode=Mode.RELIABLE)
            assert (await next_of(receiver, Message)).data == data
        assert host.path is packhorse.Path.RELAY_WEBSOCKET
        assert guest.path is packhorse.Path.RELAY_UDP


async def test_relay_counts_the_player_and_neither_the_proxy_nor_what_is_forged(
    relay: RelayServer, url: str
) -> None:
    """WS-7."""
    assert await hosts_seen(relay, url) == [PLAYER]


async def test_relay_that_trusts_the_proxy_no_more_counts_the_proxy(
    relay: RelayServer, url: str
) -> None:
    """As after SIGHUP with other `trusted_proxies`."""
    relay.change_proxies(WebSocketSettings())

    assert await hosts_seen(relay, url) == [LOOPBACK]


async def hosts_seen(relay: RelayServer, url: str) -> list[str]:
    """Connect as a player who forges `X-Forwarded-For`; return whom the relay takes it for."""

    def stay(end: asyncio.Event) -> None:
        with player(url):
            asyncio.run_coroutine_threadsafe(end.wait(), loop).result()

    loop, end = asyncio.get_running_loop(), asyncio.Event()
    visit = asyncio.create_task(asyncio.to_thread(stay, end))
    server = relay._websocket
    assert server is not None
    try:
        await until(lambda: visit.done() or server._by_address)
        return [host for host, _ in server._by_address]
    finally:
        end.set()
        await visit


@contextmanager
def player(url: str) -> Iterator[None]:
    """Hold a WebSocket open from the address `PLAYER`."""
    port = int(url.rpartition(":")[2])
    sock = socket.create_connection((LOOPBACK, port), source_address=(PLAYER, 0))
    with connect(
        f"{url}/v1",
        sock=sock,
        ssl=ssl.create_default_context(),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers={"X-Forwarded-For": FORGED},
        compression=None,
    ):
        yield
