"""A TCP connection between two ends that both connect and listen."""

import asyncio

import pytest

import packhorse
from tests.support.pipes import pipe_pair

pytestmark = pytest.mark.e2e

SOON = 5.0  # seconds; a slow machine
UDP = "udp://127.0.0.1:0"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_two_ends_are_connected_and_the_old_pipe_goes_on(host: str) -> None:
    async with pipe_pair(UDP) as (near, far):
        one, other = await asyncio.gather(
            packhorse.punch_tcp(near, hosts=[host]), packhorse.punch_tcp(far, hosts=[host])
        )
        async with one, other:
            await one.send(b"over tcp")
            assert await other.recv(SOON) == b"over tcp"
            await other.send(b"back")
            assert await one.recv(SOON) == b"back"
            assert one.path.kind is packhorse.PathKind.TCP
            assert one.path.remote == other.path.local
        await near.send(b"still here")
        assert await far.recv(SOON) == b"still here"


async def test_one_end_that_cannot_be_reached_connects_itself() -> None:
    async with pipe_pair(UDP) as (near, far):
        one, other = await asyncio.gather(
            packhorse.punch_tcp(near, hosts=[]), packhorse.punch_tcp(far, hosts=["127.0.0.1"])
        )
        async with one, other:
            await one.send(b"reverse")
            assert await other.recv(SOON) == b"reverse"


async def test_ends_that_cannot_reach_each_other_stay_on_the_pipe() -> None:
    async with pipe_pair(UDP) as (near, far):
        results = await asyncio.gather(
            packhorse.punch_tcp(near, hosts=[], timeout=0.5),
            packhorse.punch_tcp(far, hosts=[], timeout=0.5),
            return_exceptions=True,
        )

        assert [type(result) for result in results] == [packhorse.ConnectivityError] * 2


async def test_stranger_at_the_offered_address_is_not_taken() -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 33)  # as long as a proof, and a choice
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    async with server, pipe_pair(UDP) as (near, far):
        await far.send(bytes(32) + b"\x06\x7f\x00\x00\x01" + _port_of(server))
        with pytest.raises(packhorse.ConnectivityError):
            await asyncio.gather(packhorse.punch_tcp(near, hosts=[], timeout=1.0), far.send(b"go"))


def _port_of(server: asyncio.Server) -> bytes:
    port: int = server.sockets[0].getsockname()[1]
    return port.to_bytes(2, "big")


async def test_garbage_instead_of_an_offer_is_a_typed_error() -> None:
    async with pipe_pair(UDP) as (near, far):
        await far.send(b"garbage")
        with pytest.raises(packhorse.ConnectivityError, match="too_short"):
            await packhorse.punch_tcp(near)
