"""STUN over real sockets: both ports of a relay, and what it does when the second is taken."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from packhorse.aio.stun_socket import fresh_mappings
from packhorse.wire.address import TransportAddress
from packhorse.wire.stun import decode_stun, encode_request, encode_success
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.aio.stun_ports import NEXT_PORT

TRANSACTION = bytes(12)
LOOPBACK = "127.0.0.1"


@contextmanager
def client() -> Iterator[socket.socket]:
    """Yield a bound UDP socket with a deadline."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(5)
        yield sock


def ask(
    sock: socket.socket, port: int, *, from_other_port: bool = False
) -> tuple[TransportAddress | None, int | None, int]:
    """Return mapped address, second port, and the port that answered."""
    request = encode_request(TRANSACTION, size=80, from_other_port=from_other_port)
    sock.sendto(request, (LOOPBACK, port))
    data, source = sock.recvfrom(2048)
    message = decode_stun(data)
    return message.mapped, message.other_port, source[1]


async def test_both_ports_answer_and_each_for_the_other() -> None:
    async with RelayServer(bind=[LOOPBACK], port=0, stun_port=NEXT_PORT) as server:
        assert server.stun_port is not None
        with client() as sock:
            own = TransportAddress(*sock.getsockname())
            for asked, other in (
                (server.port, server.stun_port),
                (server.stun_port, server.port),
            ):
                direct = await asyncio.to_thread(ask, sock, asked)
                crossed = await asyncio.to_thread(ask, sock, asked, from_other_port=True)
                assert direct == (own, server.stun_port, asked)
                assert crossed == (own, server.stun_port, other)


async def test_relay_without_a_second_port_answers_on_its_data_port() -> None:
    async with RelayServer(bind=[LOOPBACK], port=0, websocket=None) as server:
        with client() as sock:
            own = TransportAddress(*sock.getsockname())
            assert await asyncio.to_thread(ask, sock, server.port) == (own, None, server.port)


async def test_taken_second_port_stops_the_relay_only_if_it_was_asked_for() -> None:
    with client() as taken:
        port = taken.getsockname()[1]
        if port == 1024:  # pragma: no cover - no port before it for a user
            pytest.skip("no port before it")
        async with RelayServer(bind=[LOOPBACK], port=port - 1, stun_port=NEXT_PORT) as server:
            assert server.stun_port is None
        wanted = RelayServer(bind=[LOOPBACK], port=port - 1, stun_port=port)
        with pytest.raises(OSError, match="in use"):
            await wanted.__aenter__()
        async with RelayServer(bind=[LOOPBACK], port=port - 1):
            pass  # nothing was left open


class CountingRouter(asyncio.DatagramProtocol):
    """A server behind a router that gives the sources it lets through one port after the other."""

    def __init__(self, *, loses: int) -> None:
        self.loses = loses
        self.ports: dict[tuple[str, int], int] = {}

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        if self.loses:
            self.loses -= 1
            return
        port = self.ports.setdefault(source, 40_000 + len(self.ports))
        seen = TransportAddress("203.0.113.9", port)
        answer = encode_success(decode_stun(data).transaction, seen, None)
        self.transport.sendto(answer, source)


@pytest.mark.parametrize("loses", [0, 1])
async def test_fresh_mappings_come_in_the_order_of_the_router_though_a_request_is_lost(
    loses: int,
) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: CountingRouter(loses=loses), local_addr=(LOOPBACK, 0)
    )
    try:
        mapped = await fresh_mappings(TransportAddress(*transport.get_extra_info("sockname")))
    finally:
        transport.close()
    assert [each.port for each in mapped] == [40_000, 40_001]
