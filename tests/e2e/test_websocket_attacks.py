"""What strangers and bad readers can do to the relay's WebSocket side: nothing lasting."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import replace
from random import Random
from typing import Final

import pytest
from websockets.frames import Frame, Opcode

import packhorse
from packhorse.wire.constants import WS_MAX_MESSAGE, WS_QUEUE_DATAGRAMS, DropReason
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.connections import ConnectionEnd
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.tickets import OperatorKeys
from packhorse_relay.core.websocket_settings import WebSocketSettings
from packhorse_relay.dataplane.choice import AUTO, NAMES
from tests.support.relays import LOOPBACK, address_of, patient_settings
from tests.support.waiting import DEADLINE, next_of, until
from tests.support.websocket_client import RawWebSocket

POLICY, TOO_BIG, UNSUPPORTED, PROTOCOL = 1008, 1009, 1003, 1002
USUAL: Final = patient_settings()
QUICK: Final = replace(
    USUAL, websocket_open_timeout=0.5, websocket_join_timeout=1.0, websocket_stall_timeout=1.0
)
PATIENT: Final = replace(USUAL, websocket_max_connections=2000, websocket_accept_rate=10_000.0)


def new_relay(
    settings: Settings = PATIENT, proxies: tuple[str, ...] = (), dataplane: str = AUTO
) -> RelayServer:
    return RelayServer(
        bind=[LOOPBACK],
        port=0,
        settings=settings,
        websocket=WebSocketSettings(trusted_proxies=proxies),
        dataplane=dataplane,
    )


@pytest.fixture(params=[name for name in NAMES if name != AUTO])
async def relay(request: pytest.FixtureRequest) -> AsyncIterator[RelayServer]:
    async with new_relay(dataplane=request.param) as server:
        yield server


def binary(data: bytes, *, fin: bool = True) -> Frame:
    return Frame(Opcode.BINARY, data, fin)


@contextmanager
def connected_socket(port: int) -> Iterator[socket.socket]:
    with socket.create_connection((LOOPBACK, port)) as sock:
        yield sock


async def ended(sock: socket.socket) -> None:
    """Wait until the relay has ended a connection."""
    sock.setblocking(False)  # noqa: FBT003
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while await asyncio.wait_for(loop.sock_recv(sock, 4096), DEADLINE):
            pass


# The opening handshake.


async def test_ws_2_compression_is_not_negotiated(relay: RelayServer) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    async with RawWebSocket(relay.port, headers=offer) as client:
        assert client.status == 101
        assert "sec-websocket-extensions" not in {name.lower() for name in client.answer}


async def test_attack_23_compressed_message_closes_the_connection(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send_raw(b"\xc2\x84" + bytes(4) + b"bomb")  # RSV1: compressed
        assert await client.closed() == PROTOCOL


@pytest.mark.parametrize(
    ("path", "subprotocol", "status"),
    [("/", "packhorse.v1", 404), ("/v1", None, 400), ("/v1", "chat", 400), ("/v2", "chat", 404)],
)
async def test_request_for_something_else_is_refused(
    relay: RelayServer, path: str, subprotocol: str | None, status: int
) -> None:
    async with RawWebSocket(relay.port, path=path, subprotocol=subprotocol) as client:
        assert client.status == status
    await until(lambda: relay.websocket_count == 0)


async def test_attack_22_endless_request_is_cut_off(relay: RelayServer) -> None:
    with connected_socket(relay.port) as sock:
        fields = [b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(200)]
        sock.sendall(b"GET /v1 HTTP/1.1\r\n" + b"".join(fields))
        await ended(sock)
    await until(lambda: relay.websocket_count == 0)


async def test_attack_22_ws_5_half_open_connections_are_closed_after_their_time() -> None:
    async with new_relay(QUICK) as relay:
        with connected_socket(relay.port) as sock:
            sock.sendall(b"GET /v1 HTTP/1.1\r\nHost:")
            await ended(sock)

        await until(lambda: relay.websocket_ends == {ConnectionEnd.NOT_OPENED: 1})


async def test_attack_22_ws_5_connection_without_a_session_is_closed_after_its_time() -> None:
    async with new_relay(QUICK) as relay, RawWebSocket(relay.port) as client:
        assert await client.closed() == POLICY
        await until(lambda: relay.websocket_ends == {ConnectionEnd.NO_SESSION: 1})


async def test_connection_with_a_session_stays() -> None:
    async with new_relay(QUICK) as relay, packhorse.host(f"ws://{address_of(relay)}") as room:
        await asyncio.sleep(1.0 + QUICK.websocket_join_timeout)  # the time that would end it
        await room.send(b"alive")
        assert relay.websocket_ends == {}


# Too many of them.


async def test_attack_22_ws_6_source_has_a_share_of_connections() -> None:
    async with new_relay(USUAL) as relay, AsyncExitStack() as stack:
        for _ in range(USUAL.websocket_connections_per_source):
            client = await stack.enter_async_context(RawWebSocket(relay.port))
            assert client.status == 101

        one_more = await stack.enter_async_context(RawWebSocket(relay.port))
        other = await stack.enter_async_context(RawWebSocket(relay.port, source="127.0.0.2"))

        assert (one_more.status, other.status) == (None, 101)
        assert relay.websocket_ends == {ConnectionEnd.TOO_MANY_OF_SOURCE: 1}


async def test_share_of_a_source_changes_while_the_relay_runs() -> None:
    async with new_relay() as relay, RawWebSocket(relay.port) as first:
        lowered = replace(USUAL, websocket_connections_per_source=1)
        relay.change_settings(lowered, OperatorKeys())
        async with RawWebSocket(relay.port) as second:
            assert (first.status, second.status) == (101, None)


async def test_attack_22_ws_7_forged_forwarding_header_does_not_make_a_new_source() -> None:
    settings = replace(USUAL, websocket_connections_per_source=1)
    async with new_relay(settings) as relay, RawWebSocket(relay.port) as first:
        forged = {"X-Forwarded-For": "203.0.113.7"}
        async with RawWebSocket(relay.port, headers=forged) as second:
            assert (first.status, second.status) == (101, None)


async def test_ws_7_clients_behind_a_trusted_proxy_count_for_themselves() -> None:
    settings = replace(USUAL, websocket_connections_per_source=1)
    clients = ["203.0.113.7", "203.0.113.8", "203.0.113.8"]
    async with new_relay(settings, (LOOPBACK,)) as relay, AsyncExitStack() as stack:
        statuses = []
        for client in clients:
            headers = {"X-Forwarded-For": f"198.51.100.1, {client}"}
            opened = RawWebSocket(relay.port, headers=headers)
            statuses.append((await stack.enter_async_context(opened)).status)

        assert statuses == [101, 101, 429]
        await until(lambda: relay.websocket_ends == {ConnectionEnd.TOO_MANY_OF_SOURCE: 1})


async def test_attack_22_host_without_a_free_number_is_refused_and_holds_nobody_up() -> None:
    """LIM-1: sessions stay at the numbers of connections that are gone."""
    async with new_relay(USUAL) as relay:
        assert relay._websocket is not None
        relay._websocket._has_session = lambda _address: True

        async with RawWebSocket(relay.port) as client:
            assert client.status == 429


async def _rooms_go_on_beside(count: int, deadline: float) -> None:
    """Open `count` connections that never say anything, while a UDP room is in use."""
    async with new_relay(USUAL) as relay:
        async with (
            packhorse.host(address_of(relay)) as host,
            packhorse.join(address_of(relay), host.code) as guest,
        ):
            await next_of(host, packhorse.PeerJoined)
            with ExitStack() as sockets:
                loop = asyncio.get_running_loop()
                begin = loop.time()
                rtts = []
                for number in range(count):
                    _half_open(sockets, f"127.1.{number >> 8}.{number & 255}", relay.port)
                    if number % 50 == 0:
                        rtts.append(await guest.ping_peer(packhorse.HOST))
                assert loop.time() - begin < deadline

                assert sorted(rtts)[len(rtts) // 2] < 0.1
                assert relay.websocket_count <= USUAL.websocket_max_connections
        assert (relay.room_count, relay.session_count) == (0, 0)


def _half_open(sockets: ExitStack, source: str, port: int) -> None:
    sock = sockets.enter_context(socket.socket())
    sock.setblocking(False)  # noqa: FBT003
    sock.bind((source, 0))
    sock.connect_ex((LOOPBACK, port))


async def test_attack_22_half_open_connections_do_not_disturb_rooms_over_udp() -> None:
    await _rooms_go_on_beside(400, deadline=20.0)


@pytest.mark.slow
async def test_attack_22_five_thousand_half_open_connections_do_not_disturb_rooms_over_udp() -> (
    None
):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(12_000, hard), hard))
    try:
        await _rooms_go_on_beside(5000, deadline=100.0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# What an open connection may bring.


async def test_ws_1_text_closes_with_1003(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(Frame(Opcode.TEXT, b"hello"))
        assert await client.closed() == UNSUPPORTED


async def test_ws_1_oversize_message_closes_with_1009(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(binary(bytes(WS_MAX_MESSAGE + 1)))
        assert await client.closed() == TOO_BIG


async def test_attack_23_ws_1_oversize_message_in_fragments_closes_with_1009(
    relay: RelayServer,
) -> None:
    async with RawWebSocket(relay.port) as client:
        half = bytes(WS_MAX_MESSAGE // 2 + 1)
        client.send(binary(half, fin=False), Frame(Opcode.CONT, half))
        assert await client.closed() == TOO_BIG


@pytest.mark.parametrize("size", [0, 5, 1407, WS_MAX_MESSAGE])
async def test_message_that_is_no_datagram_is_counted_and_harmless(
    relay: RelayServer, size: int
) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send_datagram(bytes([0xA4]) * size)
        reason = DropReason.TOO_SHORT if size < 6 else DropReason.TOO_LARGE
        await until(lambda: relay.drops[reason] == 1)
        assert client.status == 101


async def test_several_datagrams_in_one_segment_are_all_taken(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(*[binary(b"xxx")] * 20)
        await until(lambda: relay.drops[DropReason.TOO_SHORT] == 20)


async def test_message_in_few_fragments_is_put_together(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(binary(b"xx", fin=False), Frame(Opcode.CONT, b"x"))
        await until(lambda: relay.drops[DropReason.TOO_SHORT] == 1)


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
async def test_attack_23_ws_6_ping_flood_closes_with_1008(
    relay: RelayServer, opcode: Opcode
) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(*[Frame(opcode, b"")] * 50)
        assert await client.closed() == POLICY
        await until(lambda: relay.websocket_ends == {ConnectionEnd.CONTROL_FLOOD: 1})


async def test_attack_23_ws_6_endless_empty_fragments_close_with_1008(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(binary(b"", fin=False), *[Frame(Opcode.CONT, b"", False)] * 50)  # noqa: FBT003
        assert await client.closed() == POLICY


async def test_few_pings_are_answered(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send(*[Frame(Opcode.PING, b"?")] * 5, Frame(Opcode.CLOSE, b""))
        await client.closed()
        assert relay.websocket_ends == {}


async def test_garbage_after_the_handshake_closes_the_connection(relay: RelayServer) -> None:
    async with RawWebSocket(relay.port) as client:
        client.send_raw(b"\xff" * 64)
        assert await client.closed() == PROTOCOL
    assert relay.drops[DropReason.INTERNAL_ERROR] == 0


@pytest.mark.parametrize("seed", range(8))
async def test_attack_23_random_frames_and_bytes_meet_no_bug(
    relay: RelayServer, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    random = Random(seed)  # noqa: S311 - repeatable by design
    for _ in range(12):
        async with RawWebSocket(relay.port) as client:
            for _ in range(random.randrange(1, 12)):
                client.send_raw(random_frame(random))
            client.send_raw(random.randbytes(random.randrange(40)))
            client.send(Frame(Opcode.CLOSE, b""))
            client.end_sending()
            await client.closed()
    await until(lambda: relay.websocket_count == 0)

    assert relay.drops[DropReason.INTERNAL_ERROR] == 0
    assert [record.message for record in caplog.records] == []


def random_frame(random: Random) -> bytes:
    """Return a frame that is masked and otherwise as it comes, often a valid one."""
    size = random.choice([0, 6, 40, 125, 126, 1200, 1406, 2048, 2049])
    opcode = random.choice([0, 1, 2, 2, 2, 2, 8, 9, 10, 15])
    first = opcode | (0x80 if random.random() < 0.8 else 0) | (random.random() < 0.05) << 6
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([first]) + length + bytes(4) + random.randbytes(size)


# A reader that does not read.


async def test_attack_21_ws_4_reader_that_stalls_is_closed_and_costs_bounded_memory() -> None:
    settings = replace(USUAL, websocket_stall_timeout=1.0)
    async with (
        new_relay(settings) as relay,
        packhorse.host(address_of(relay)) as host,
        packhorse.join(f"ws://{address_of(relay)}", host.code) as reader,
        packhorse.join(address_of(relay), host.code) as other,
    ):
        await until(lambda: len(host.peers) == 2)
        transport = reader._driver._socket._stream._transport  # type: ignore[union-attr]
        transport.pause_reading()
        payload = bytes(1000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        codes = set[int]()
        while not relay.websocket_ends and loop.time() - began < 15.0:
            for _ in range(50):
                await host.send(payload, to=reader.peer_id)
            await asyncio.sleep(0.005)
            [stream] = relay._websocket._streams or [None]  # type: ignore[union-attr]
            if stream is not None:
                assert len(stream._queue) <= WS_QUEUE_DATAGRAMS + 1
                assert stream.unsent_bytes < 65536
                if stream._protocol.close_sent is not None:
                    codes.add(stream._protocol.close_sent.code)

        assert relay.websocket_ends == {ConnectionEnd.STALLED: 1}
        assert codes == {POLICY}
        assert relay.drops[DropReason.BUFFER_FULL] > 0
        assert await other.ping_peer(packhorse.HOST) < 0.5
        transport.resume_reading()
