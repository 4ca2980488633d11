"""TCP connections through a room: data, both ends, resets, back-pressure, limits."""

import asyncio
import hashlib
import os
import socket
from collections.abc import Callable

from packhorse.core.events import PeerId, PeerLeft
from packhorse.core.streams.format import ResetReason
from packhorse.core.streams.multiplexer import MAX_STREAMS_PER_PEER
from packhorse.core.streams.window import MAX_WINDOW
from packhorse.middleman.notices import (
    ApplicationUnreachable,
    ConnectionFailed,
    NothingListens,
    ServiceMissing,
    TooManyConnections,
)
from tests.support.middleman_process import Game
from tests.support.tcp_stage import Server, Wire, carried, echo, serving
from tests.support.waiting import until

MUCH = 3_000_000  # bytes: more than a window at its start and all buffers between


def closed_port() -> tuple[str, int]:
    """Return an address where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return "127.0.0.1", sock.getsockname()[1]


async def test_bytes_arrive_both_ways_at_once() -> None:
    upload, download = os.urandom(MUCH), os.urandom(MUCH)
    got: list[bytes] = []

    async def serve(wire: Wire) -> None:
        reading = asyncio.create_task(wire.rest())
        await wire.send(download)
        wire.finish()
        got.append(await reading)

    server = Server(serve)
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        reading = asyncio.create_task(client.rest())
        await client.send(upload)
        client.finish()

        assert await reading == download
        await client.close()
        await until(lambda: got)
        assert hashlib.sha256(got[0]).digest() == hashlib.sha256(upload).digest()
        assert stage.host.traffic.tcp.bytes_from_room == MUCH
        await until(lambda: stage.host.traffic.tcp.open == 0)


async def test_services_of_both_protocols_meet_their_counterparts() -> None:
    servers = [Server(echo), Server(lambda wire: wire.send(b"I am the second"))]
    with Game() as one, Game() as other, Game() as player:
        udp = [("127.0.0.1", one.port), ("127.0.0.1", other.port)]
        async with (
            serving(*servers),
            carried([server.address for server in servers], udp) as stage,
        ):
            for server, address in zip((one, other), stage.udp[0], strict=True):
                player.send(b"to you", address)
                data, source = await asyncio.to_thread(server.receive)
                server.send(data + b" too", source)
                answer, answerer = await asyncio.to_thread(player.receive)
                assert (answer, answerer) == (b"to you too", address)

            first, second = await stage.connect(0), await stage.connect(1)
            await first.send(b"echo")
            first.finish()
            assert await first.rest() == b"echo"
            assert await second.rest() == b"I am the second"
            for wire in (first, second):
                await wire.close()


async def test_client_may_end_its_direction_first() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        await client.send(b"question")
        client.finish()
        served = await server.wire()

        assert await served.rest() == b"question"
        await served.send(b"answer")
        assert await client.receive(6) == b"answer"
        await served.close()
        assert await client.rest() == b""
        await client.close()
        await until(lambda: stage.clients[0].traffic.tcp.open == 0)


async def test_server_may_end_its_direction_first() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        served = await server.wire()
        await served.send(b"hello")
        served.finish()

        assert await client.rest() == b"hello"
        await client.send(b"late question")
        client.finish()
        assert await served.rest() == b"late question"
        await client.close()


async def test_reset_passes_from_client_to_server() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        await client.send(b"x")
        served = await server.wire()
        assert await served.receive(1) == b"x"

        client.reset()

        assert await served.was_reset()
        await until(lambda: stage.host.traffic.tcp.open == 0)


async def test_reset_passes_from_server_to_client() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        (await server.wire()).reset()

        assert await client.was_reset()
        assert stage.clients[0].notices(ConnectionFailed) == []  # nothing to explain


async def test_server_that_is_not_there_resets_the_client_and_is_told() -> None:
    address = closed_port()
    async with carried([address]) as stage:
        client = await stage.connect()

        assert await client.was_reset()
        assert await stage.host.expect(NothingListens) == NothingListens(
            address, has_listened=False
        )
        assert await stage.clients[0].expect(ConnectionFailed) == ConnectionFailed(
            stage.tcp[0][0], ResetReason.REFUSED
        )


async def test_server_that_starts_late_is_found_and_its_end_is_told_again() -> None:
    address = closed_port()
    async with carried([address]) as stage:
        assert await (await stage.connect()).was_reset()
        server = Server(echo)
        await server.open(address[1])
        client = await stage.connect()
        client.finish()
        assert await client.rest() == b""
        await client.close()
        await server.close()

        assert await (await stage.connect()).was_reset()
        await until(lambda: len(stage.host.notices(NothingListens)) == 2)
        assert stage.host.notices(NothingListens)[1] == NothingListens(address, has_listened=True)


async def test_server_that_cannot_be_reached_is_told_with_the_reason() -> None:
    unroutable = ("255.255.255.255", 6942)
    async with carried([unroutable]) as stage:
        assert await (await stage.connect()).was_reset()

        told = await stage.host.expect(ApplicationUnreachable)
        assert isinstance(told, ApplicationUnreachable)
        assert told.address == unroutable
        assert await stage.clients[0].expect(ConnectionFailed) == ConnectionFailed(
            stage.tcp[0][0], ResetReason.UNREACHABLE
        )


async def until_still(count: Callable[[], int]) -> int:
    """Wait until a count has not changed for a while; return it."""
    loop = asyncio.get_running_loop()
    since, seen = loop.time(), count()
    while loop.time() < since + 0.3:
        await asyncio.sleep(0.01)
        if count() != seen:
            since, seen = loop.time(), count()
    return seen


async def test_server_that_does_not_read_stops_the_client_and_nobody_else() -> None:
    server, other = Server(), Server(echo)
    async with serving(server, other), carried([server.address, other.address]) as stage:
        client, served = await stage.connect(0), await server.wire()
        at_client, at_host = stage.clients[0].traffic.tcp, stage.host.traffic.tcp
        served.stop_reading()
        filling = asyncio.create_task(client.fill())

        taken = await until_still(lambda: at_client.bytes_to_room)
        assert taken - at_host.bytes_from_room <= MAX_WINDOW
        second = await stage.connect(1)
        await second.send(b"not stopped")
        second.finish()
        assert await second.rest() == b"not stopped"
        await second.close()

        filling.cancel()
        served.read_on()
        client.finish()
        assert len(await served.rest()) >= taken
        await client.close()


async def test_client_that_does_not_read_stops_the_server() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client, served = await stage.connect(), await server.wire()
        at_client, at_host = stage.clients[0].traffic.tcp, stage.host.traffic.tcp
        client.stop_reading()
        filling = asyncio.create_task(served.fill())

        taken = await until_still(lambda: at_host.bytes_to_room)
        assert taken - at_client.bytes_from_room <= MAX_WINDOW

        filling.cancel()
        client.read_on()
        served.finish()
        assert len(await client.rest()) >= taken
        await client.close()


async def test_many_connections_at_once_keep_their_bytes_apart() -> None:
    server = Server(echo)
    async with serving(server), carried([server.address], clients=3) as stage:

        async def talk(number: int) -> None:
            wire = await stage.connect(client=number % 3)
            data = bytes([number]) * (1000 * number + 1)
            await wire.send(data)
            wire.finish()
            assert await wire.rest() == data
            await wire.close()

        await asyncio.gather(*(talk(number) for number in range(60)))

        assert stage.host.traffic.tcp.connections == 60
        await until(lambda: stage.host.traffic.tcp.open == 0)


async def test_connection_beyond_the_limit_is_reset_and_told_and_place_comes_back() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        wires = [await stage.connect() for _ in range(MAX_STREAMS_PER_PEER)]
        await server.wire(MAX_STREAMS_PER_PEER - 1)

        assert await (await stage.connect()).was_reset()
        assert await stage.clients[0].expect(TooManyConnections) == TooManyConnections(
            stage.tcp[0][0], MAX_STREAMS_PER_PEER
        )
        wires.pop().reset()
        await until(lambda: stage.host.traffic.tcp.open == MAX_STREAMS_PER_PEER - 1)
        last = await stage.connect()
        await last.send(b"there is place")

        assert await (await server.wire(MAX_STREAMS_PER_PEER)).receive(14) == b"there is place"
        for wire in (*wires, last):
            wire.reset()


async def test_client_that_leaves_resets_its_connections_alone() -> None:
    server = Server()
    async with serving(server), carried([server.address], clients=2) as stage:
        first, second = await stage.connect(client=0), await stage.connect(client=1)
        await first.send(b"1")
        served_first = await server.wire(0)
        assert await served_first.receive(1) == b"1"
        await second.send(b"2")
        served_second = await server.wire(1)

        await stage.clients[0].stop()

        assert await first.was_reset()
        assert await served_first.was_reset()
        assert PeerLeft(PeerId(2)) in stage.host.told
        await served_second.send(b"still here")
        assert await second.receive(10) == b"still here"
        second.reset()


async def test_host_that_leaves_resets_all_connections() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        served = await server.wire()

        await stage.host.stop()

        assert await client.was_reset()
        assert await served.was_reset()
        await until(lambda: stage.clients[0].error)
        assert str(stage.clients[0].error) == "the host closed the room"


async def test_client_that_gives_up_while_the_host_connects_leaves_nothing_behind() -> None:
    with socket.socket() as full:  # whose queue is full: connecting takes for ever
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(address)
        async with carried([address]) as stage:
            client = await stage.connect()
            await client.send(b"early")
            await until(_connecting)

            client.reset()

            await until(lambda: not _connecting())
            assert stage.host.traffic.tcp.open == 0
        for filler in fillers:
            filler.close()


def _connecting() -> list[str]:
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith("packhorse-connect-")]


async def test_service_that_the_host_lacks_is_told_and_the_others_work() -> None:
    server = Server(echo)
    async with serving(server), carried([server.address], wanted=(1, 2)) as stage:
        side = stage.clients[0]
        await until(lambda: len(side.notices(ServiceMissing)) == 2)

        assert side.notices(ServiceMissing) == [
            ServiceMissing("udp", 1, 0),
            ServiceMissing("tcp", 2, 1),
        ]
        assert await (await stage.connect(1)).was_reset()
        assert await side.expect(ConnectionFailed) == ConnectionFailed(
            stage.tcp[0][1], ResetReason.NO_SERVICE
        )
        working = await stage.connect(0)
        working.finish()
        assert await working.rest() == b""
        await working.close()


async def test_client_without_any_service_of_the_host_ends_with_advice() -> None:
    server = Server(echo)
    async with serving(server), carried([server.address], wanted=(2, 0)) as stage:
        side = stage.clients[0]

        await until(lambda: side.error)

        assert "the host offers none of these services, but TCP" in str(side.error)
        assert f"--tcp {server.address[1]}" in (side.error.advice if side.error else "")


async def test_sockets_send_small_data_at_once() -> None:
    server = Server()
    async with serving(server), carried([server.address]) as stage:
        client = await stage.connect()
        await client.send(b"x")
        await (await server.wire()).receive(1)

        for side in (stage.host, stage.clients[0]):
            (connection,) = side.middleman._carrier._connections.values()
            sock = connection._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        client.reset()
