"""What the demo runs: a relay, an echo server, a middleman on each side and two clients."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from packhorse.aio.entering import host, join
from packhorse.aio.room import Room
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.cli.demo_pings import PingClient
from packhorse.core.events import HOST, Event, Message
from packhorse.core.relay_address import RelayAddress, Transport
from packhorse.middleman.client_side import ClientSide
from packhorse.middleman.endpoint import LOOPBACK
from packhorse.middleman.host_side import HostSide
from packhorse.middleman.notices import Notice
from packhorse.middleman.room_face import RoomFace
from packhorse.middleman.traffic import Traffic
from packhorse.wire.errors import ConnectivityError, PackhorseError
from packhorse_relay.aio.server import RelayServer

Carry: TypeAlias = Callable[[RoomFace, Callable[[Event], None]], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything in its place."""

    relay: RelayServer
    address: RelayAddress
    """Where the relay is."""
    code: str
    """Of the room that all meet in."""
    clients: tuple[PingClient, ...]


@asynccontextmanager
async def build_stage(transport: str = Transport.AUTO) -> AsyncIterator[Stage]:
    """Start everything on the loopback interface; stop it at the end of the block.

    Args:
        transport: How its members reach the relay.

    Raises:
        PackhorseError: Something could not be started.
    """
    async with AsyncExitStack() as stack:
        try:
            relay = await stack.enter_async_context(RelayServer(bind=[LOOPBACK], port=0))
            address = RelayAddress(LOOPBACK, relay.port)
            server = await stack.enter_async_context(_echo_server())
            room = await stack.enter_async_context(_offer(server, address, transport))
            clients = (
                await stack.enter_async_context(_unmodified_client(address, room.code, transport)),
                await stack.enter_async_context(_sdk_client(address, room.code, transport)),
            )
        except PackhorseError:
            raise
        except OSError as error:
            problem = error.strerror or str(error)
            advice = f"see that programs on this machine may open UDP sockets on {LOOPBACK}"
            raise ConnectivityError("setting up the demo", (problem,), advice) from error
        yield Stage(relay, address, room.code, clients)


@asynccontextmanager
async def _echo_server() -> AsyncIterator[SocketAddress]:
    """Run a UDP application that sends each datagram back."""

    def echo(data: bytes, source: SocketAddress) -> None:
        sock.send(data, source)

    sock = await UdpSocket.open(echo, bind=(LOOPBACK, 0))
    try:
        yield sock.local_address
    finally:
        sock.close()


@asynccontextmanager
async def _offer(server: SocketAddress, relay: RelayAddress, transport: str) -> AsyncIterator[Room]:
    """Do what `packhorse host` does."""
    async with (
        HostSide([server], _ignore, Traffic()) as side,
        host(relay, transport=transport) as room,
        _running(side.run, room),
    ):
        yield room


@asynccontextmanager
async def _unmodified_client(
    relay: RelayAddress, code: str, transport: str
) -> AsyncIterator[PingClient]:
    """Do what `packhorse join` does, with a client that knows only a UDP port."""
    client = PingClient("UDP game", "middleman")
    async with (
        ClientSide([(LOOPBACK, 0)], _ignore, Traffic()) as side,
        join(relay, code, transport=transport) as room,
        _running(side.run, room),
    ):
        sock = await UdpSocket.open(
            lambda data, _: client.take_echo(data), connect=side.udp_addresses[0]
        )
        client.send = sock.send
        try:
            yield client
        finally:
            sock.close()


@asynccontextmanager
async def _sdk_client(relay: RelayAddress, code: str, transport: str) -> AsyncIterator[PingClient]:
    """Join the room from Python, without a middleman."""
    client = PingClient("SDK bot", "sdk")

    def take(message: Message) -> None:
        client.take_echo(message.data)

    async with join(relay, code, transport=transport) as room:
        room.on_message = take
        client.send = partial(room.try_send, to=HOST)
        yield client


@asynccontextmanager
async def _running(carry: Carry, room: Room) -> AsyncIterator[None]:
    task = asyncio.create_task(carry(room, _ignore), name="packhorse-demo-middleman")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ignore(_event: Event | Notice) -> None:
    """Tell nobody: the demo is short, and its numbers tell more."""
