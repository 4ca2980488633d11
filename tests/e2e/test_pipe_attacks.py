"""What strangers may try on the listeners of pipes."""

import asyncio
import socket
import struct
from contextlib import AsyncExitStack

import pytest

import packhorse
from packhorse.core.pipes.greeting import Cookie, Hello, decode, encode_frame, encode_hello
from packhorse.pipes import listener as pipe_limits
from packhorse.pipes.udp import UdpListener
from packhorse.wire.constants import DropReason
from tests.support.pipes import open_to
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

SOON = 5.0  # seconds; a slow machine


def port_of(listener: packhorse.PipeListener) -> int:
    return int(listener.address.rpartition(":")[2])


class Stranger:
    """A bare UDP socket."""

    def __init__(self, listener: packhorse.PipeListener) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", port_of(listener)))
        self.socket.settimeout(0)

    def __enter__(self) -> "Stranger":
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.socket.close()

    async def ask(self, datagram: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        self.socket.send(datagram)
        return await asyncio.wait_for(loop.sock_recv(self.socket, 2048), SOON)


async def listening() -> UdpListener:
    listener = UdpListener(packhorse.Mode.RELIABLE)
    await listener.open("127.0.0.1", 0)
    return listener


async def test_hellos_from_forged_addresses_make_no_state_and_small_answers() -> None:
    async with await listening() as listener:
        with Stranger(listener) as stranger:
            for number in range(200):
                hello = encode_hello(Hello(number.to_bytes(8, "little") if number else b"x" * 8))
                answer = await stranger.ask(hello)
                assert isinstance(decode(answer), Cookie)
                assert len(answer) < len(hello)

        assert listener._pipes == {}


async def test_cookie_of_another_address_opens_nothing() -> None:
    async with await listening() as listener:
        with Stranger(listener) as victim, Stranger(listener) as thief:
            cookie = decode(await victim.ask(encode_hello(Hello(b"somebody"))))
            assert isinstance(cookie, Cookie)
            stolen = encode_hello(Hello(b"somebody", cookie=cookie.cookie))

            assert isinstance(decode(await thief.ask(stolen)), Cookie)
            assert listener._pipes == {}
            assert isinstance(decode(await victim.ask(stolen)), Hello)
            assert len(listener._pipes) == 1


@pytest.mark.parametrize("limit", ["MAX_PIPES", "MAX_OF_ADDRESS"])
async def test_open_pipes_of_one_listener_and_of_one_address_have_limits(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(pipe_limits, limit, 2)
    async with AsyncExitStack() as stack, await listening() as listener:
        for _ in range(2):
            near, _far = await open_to(listener)
            stack.push_async_callback(near.aclose)
        with pytest.raises(packhorse.ConnectivityError):
            await packhorse.open_pipe(listener.address, timeout=0.5)

        assert listener.drops[DropReason.BUFFER_FULL] > 0


async def test_pipe_that_is_never_accepted_gives_its_place_back() -> None:
    async with await listening() as listener:
        near, far = await open_to(listener)
        await near.aclose()
        await until(lambda: far.is_closed and not listener._pipes and not listener._askers)
        assert listener._sources == {}


async def test_garbage_and_guessed_ids_are_counted_and_the_pipe_goes_on() -> None:
    async with await listening() as listener:
        near, far = await open_to(listener)
        with Stranger(listener) as stranger:
            for datagram in (b"", b"\x03", b"\xff" * 40, encode_frame(b"guessed!", b"\0" * 20)):
                stranger.socket.send(datagram)
            await until(lambda: listener.drops.total() == 4)
        await near.send(b"unharmed")

        assert await far.recv(SOON) == b"unharmed"
        assert listener.drops == {
            DropReason.TOO_SHORT: 2,
            DropReason.UNKNOWN_TYPE: 1,
            DropReason.UNKNOWN_SESSION: 1,
        }
        await near.aclose()


async def test_announced_giant_message_over_tcp_ends_the_pipe_before_any_memory_is_taken() -> None:
    async with packhorse.listen_pipes("tcp://127.0.0.1:0") as listener:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
        writer.write(struct.pack(">I", 0xFFFFFFFF) + b"x" * 1000)
        pipe = await listener.accept(SOON)

        error = await asyncio.wait_for(pipe.wait_closed(), SOON)
        assert isinstance(error, packhorse.PipeLostError)
        assert "4294967295 bytes" in str(error)
        writer.close()


async def test_tcp_connection_that_ends_within_a_message_is_a_failure() -> None:
    async with packhorse.listen_pipes("tcp://127.0.0.1:0") as listener:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
        writer.write(struct.pack(">I", 10) + b"half")
        writer.close()
        pipe = await listener.accept(SOON)

        with pytest.raises(packhorse.PipeLostError, match="within a message"):
            await pipe.recv(SOON)


async def test_connections_of_one_address_have_a_limit() -> None:
    async with packhorse.listen_pipes("tcp://127.0.0.1:0") as listener:
        writers = []
        for _ in range(140):
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
            writers.append(writer)
        await until(lambda: getattr(listener, "refused", 0) == 140 - pipe_limits.MAX_OF_ADDRESS)
        for writer in writers:
            writer.close()
