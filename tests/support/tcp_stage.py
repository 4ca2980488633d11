"""Both middlemen and a relay in the test's own process, with TCP programs at the ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from packhorse.aio.entering import host, join
from packhorse.aio.room import Room
from packhorse.aio.udp import SocketAddress
from packhorse.core.events import Event
from packhorse.middleman.client_side import ClientSide
from packhorse.middleman.host_side import HostSide
from packhorse.middleman.notices import Notice
from packhorse.middleman.traffic import Traffic
from packhorse.wire.errors import PackhorseError
from tests.support.relays import LOOPBACK, address_of, new_relay
from tests.support.waiting import until

DEADLINE: Final = 10.0  # seconds for one answer
_RECEIVE_BUFFER: Final = 65536  # bytes; by default the system takes megabytes for the program
_CHUNK: Final = 65536  # bytes

Serve = Callable[["Wire"], Awaitable[None]]


class Wire:
    """One end of a TCP connection, as a program uses it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, address: SocketAddress) -> Self:
        """Connect to an address."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        sock.settimeout(0)
        async with asyncio.timeout(DEADLINE):
            await asyncio.get_running_loop().sock_connect(sock, address)
            return cls(*await asyncio.open_connection(sock=sock))

    @property
    def sock(self) -> socket.socket:
        """The socket itself."""
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    async def send(self, data: bytes) -> None:
        """Write, and wait until the system has taken nearly all of it."""
        self._writer.write(data)
        async with asyncio.timeout(DEADLINE):
            await self._writer.drain()

    async def fill(self, limit: int = 1 << 40) -> None:
        """Write for ever, or up to a limit."""
        for _ in range(0, limit, _CHUNK):
            self._writer.write(bytes(_CHUNK))
            await self._writer.drain()

    def stop_reading(self) -> None:
        """Take nothing from the system any more."""
        self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.ReadTransport:
        transport = self._writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        return transport

    def finish(self) -> None:
        """Send no more; the other direction goes on."""
        self._writer.write_eof()

    async def receive(self, size: int) -> bytes:
        """Return so many bytes."""
        async with asyncio.timeout(DEADLINE):
            return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        """Return everything up to the end.

        Raises:
            ConnectionError: The connection was reset.
        """
        async with asyncio.timeout(DEADLINE):
            return await self._reader.read()

    async def was_reset(self) -> bool:
        """Tell whether the connection is reset, rather than ended, by the other end."""
        try:
            await self.rest()
        except ConnectionResetError:
            return True
        return False

    def reset(self) -> None:
        """Break the connection off."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class Server:
    """A TCP server that keeps its connections, and serves them when told how."""

    def __init__(self, serve: Serve | None = None) -> None:
        self.wires: list[Wire] = []
        """Connections so far."""
        self._serve = serve

    async def open(self, port: int = 0) -> None:
        """Listen on the loopback interface."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        sock.bind((LOOPBACK, port))
        self._server = await asyncio.start_server(self._take, sock=sock)

    @property
    def address(self) -> SocketAddress:
        """Where it listens."""
        port: int = self._server.sockets[0].getsockname()[1]
        return LOOPBACK, port

    async def wire(self, number: int = 0) -> Wire:
        """Return a connection, counted from 0, as soon as it is there."""
        await until(lambda: len(self.wires) > number, within=DEADLINE)
        return self.wires[number]

    async def close(self) -> None:
        """Close everything."""
        self._server.close()
        for wire in self.wires:
            await wire.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        self.wires.append(wire)
        if self._serve is not None:
            with suppress(ConnectionError):
                await self._serve(wire)
                await wire.close()


async def echo(wire: Wire) -> None:
    """Send back everything, once it has ended."""
    await wire.send(await wire.rest())


@asynccontextmanager
async def serving(*servers: Server) -> AsyncIterator[None]:
    """Run servers until the end of the block."""
    for server in servers:
        await server.open()
    try:
        yield
    finally:
        for server in servers:
            await server.close()


@dataclass(slots=True)
class Side:
    """One middleman, what it has told, and how it ended."""

    middleman: HostSide | ClientSide
    room: Room
    traffic: Traffic
    told: list[Event | Notice]
    error: PackhorseError | None = None
    running: asyncio.Task[None] | None = None

    def notices(self, kind: type[Notice]) -> list[Notice]:
        """Return all notices of a kind so far."""
        return [notice for notice in self.told if type(notice) is kind]

    async def expect(self, kind: type[Notice]) -> Notice:
        """Return the first notice of a kind as soon as it is there."""
        await until(lambda: self.notices(kind), within=DEADLINE)
        return self.notices(kind)[0]

    async def stop(self) -> None:
        """End the middleman as a signal would."""
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)


@dataclass(slots=True)
class Stage:
    """A host and its clients."""

    relay: str
    host: Side
    clients: list[Side]
    tcp: list[list[SocketAddress]]
    """Where programs find the host's TCP servers, by client."""
    udp: list[list[SocketAddress]]

    async def connect(self, service: int = 0, client: int = 0) -> Wire:
        """Connect to a service through a client's middleman."""
        return await Wire.connect(self.tcp[client][service])


@asynccontextmanager
async def carried(
    tcp: list[SocketAddress],
    udp: list[SocketAddress] | None = None,
    *,
    clients: int = 1,
    wanted: tuple[int, int] | None = None,
) -> AsyncIterator[Stage]:
    """Carry servers from a host to its clients until the end of the block.

    Args:
        tcp: Where the TCP servers are.
        udp: Where the UDP servers are.
        clients: How many.
        wanted: How many UDP and TCP services each client asks for; as many as there are.
    """
    udp = udp or []
    asked = wanted or (len(udp), len(tcp))
    async with new_relay() as relay:
        stage = await _open_host(address_of(relay), tcp, udp)
        try:
            for _ in range(clients):
                await _open_client(stage, asked)
            yield stage
        finally:
            for side in (*stage.clients, stage.host):
                await side.stop()


async def _open_host(relay: str, tcp: list[SocketAddress], udp: list[SocketAddress]) -> Stage:
    traffic, told = Traffic(), list[Event | Notice]()
    middleman = HostSide(udp, told.append, traffic, tcp=[[each] for each in tcp])
    opened: asyncio.Future[Side] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        async with middleman, host(relay) as room:
            await _run(Side(middleman, room, traffic, told), opened)

    return Stage(relay, await _first(asyncio.create_task(work()), opened), [], [], [])


async def _open_client(stage: Stage, wanted: tuple[int, int]) -> None:
    traffic, told = Traffic(), list[Event | Notice]()
    udp, tcp = ([(LOOPBACK, 0)] * count for count in wanted)
    middleman = ClientSide(udp, told.append, traffic, tcp=tcp)
    opened: asyncio.Future[Side] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        async with middleman, join(stage.relay, stage.host.room.code) as room:
            stage.udp.append(middleman.udp_addresses)
            stage.tcp.append(middleman.tcp_addresses)
            await _run(Side(middleman, room, traffic, told), opened)

    stage.clients.append(await _first(asyncio.create_task(work()), opened))


async def _run(side: Side, opened: asyncio.Future[Side]) -> None:
    opened.set_result(side)
    try:
        await side.middleman.run(side.room, side.told.append)
    except PackhorseError as error:
        side.error = error


async def _first(task: asyncio.Task[None], opened: asyncio.Future[Side]) -> Side:
    waited: list[asyncio.Future[Any]] = [task, opened]
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if not opened.done():
        task.result()
    side = opened.result()
    side.running = task
    return side
