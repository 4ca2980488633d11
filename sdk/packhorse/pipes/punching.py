"""TCP hole punching: both ends connect and listen at once, from one port."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from packhorse.aio.interfaces import local_addresses
from packhorse.core.pipes.punching import (
    PROOF_SIZE,
    PunchOffer,
    decides,
    decode_offer,
    encode_offer,
    is_proof,
    make_offer,
    proof,
)
from packhorse.pipes.pipe import Pipe
from packhorse.pipes.tcp import TcpPipe, connect_tcp
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ConnectivityError, PackhorseError, ParseError

_PROVE_WITHIN: Final = 4.0  # seconds until a connection must have shown who it is
_TRY_FOR: Final = 3.5  # seconds of one attempt to connect: a lost SYN goes again after 1 and 3 s
_PAUSE: Final = 0.05  # seconds between attempts at one address
_MAX_ACCEPTED: Final = 16  # connections that may be proving themselves
_CHOSEN: Final = b"\x01"
_GO: Final = b"go"
_ADVICE: Final = "stay on the pipe there is: some NATs cannot be crossed by TCP"


async def punch_tcp(
    pipe: Pipe,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    hosts: Sequence[str] | None = None,
) -> Pipe:
    """Return a TCP pipe to the other end of `pipe`, which calls this at the same time.

    Both ends learn each other's addresses over the pipe, start at the same moment, and connect
    and listen on one port. A NAT must keep the port number: then it is crossed unless both
    sides filter and one changes ports. The old pipe stays open, and is not to be used for
    anything else meanwhile.

    Args:
        pipe: Reliable, such as one to a member of a room.
        timeout: Seconds until there must be a connection.
        hosts: Own addresses to offer; None takes those of this machine, and the one that the
            relay sees.

    Raises:
        ConnectivityError: The two cannot be connected; the pipe goes on.
        PipeClosedError: The pipe has ended.
    """
    listeners = _listen()
    try:
        async with asyncio.timeout(timeout):
            port = listeners[0].getsockname()[1]
            own_hosts = _own_hosts(pipe) if hosts is None else hosts
            offer = make_offer(
                [TransportAddress(host, port) for host in own_hosts], secrets.token_bytes
            )
            peer, is_first = await _meet(pipe, offer)
            return await _Punch(offer, peer, is_first=is_first).run(listeners)
    except (TimeoutError, ParseError) as error:
        if isinstance(error, PackhorseError) and not isinstance(error, ParseError):
            raise
        reason = str(error) or f"no connection within {timeout:.1f} s"
        raise ConnectivityError("punching a TCP connection", (reason,), _ADVICE) from None
    finally:
        for listener in listeners:
            listener.close()


async def _meet(pipe: Pipe, own: PunchOffer) -> tuple[PunchOffer, bool]:
    """Exchange offers; return at the same moment at both ends."""
    await pipe.send(encode_offer(own))
    peer = decode_offer(await pipe.recv())
    is_first = decides(own, peer)
    loop = asyncio.get_running_loop()
    if not is_first:
        await pipe.send(_GO)
        await pipe.recv()
        return peer, is_first
    await pipe.recv()
    asked = loop.time()
    await pipe.send(_GO)
    await pipe.flush()
    await asyncio.sleep(max(0.0, (pipe.path.rtt or loop.time() - asked) / 2))
    return peer, is_first


def _own_hosts(pipe: Pipe) -> list[str]:
    seen = [pipe.seen_host] if pipe.seen_host is not None else []
    return list(dict.fromkeys([*seen, *local_addresses()]))


def _listen() -> list[socket.socket]:
    """Return listening sockets on one port, of IPv4 and where possible IPv6."""
    first = _bound(socket.AF_INET, 0)
    first.listen(_MAX_ACCEPTED)
    listeners = [first]
    with suppress(OSError):
        second = _bound(socket.AF_INET6, first.getsockname()[1])
        second.listen(_MAX_ACCEPTED)
        listeners.append(second)
    return listeners


def _bound(family: socket.AddressFamily, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
            if hasattr(socket, option):
                sock.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))  # noqa: S104 - any interface
    except BaseException:
        sock.close()
        raise
    return sock


class _Punch:
    """One attempt of one end."""

    def __init__(self, own: PunchOffer, peer: PunchOffer, *, is_first: bool) -> None:
        self._own = own
        self._peer = peer
        self._is_first = is_first
        self._loop = asyncio.get_running_loop()
        self._found: asyncio.Future[socket.socket] = self._loop.create_future()
        self._choosing = asyncio.Lock()

    async def run(self, listeners: list[socket.socket]) -> TcpPipe:
        """Return the pipe over the connection that the first end has chosen."""
        port = listeners[0].getsockname()[1]
        works = [self._accept(each) for each in listeners]
        works += [self._connect(port, address) for address in self._peer.addresses]
        tasks = [asyncio.create_task(work, name="packhorse-punch") for work in works]
        try:
            sock = await self._found
        except BaseException:
            if self._found.done() and not self._found.cancelled():
                self._found.result().close()
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return await connect_tcp("", 0, is_stream=False, sock=sock)

    async def _accept(self, listener: socket.socket) -> None:
        slots = asyncio.Semaphore(_MAX_ACCEPTED)
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                sock, _ = await self._loop.sock_accept(listener)
                task = group.create_task(self._try(sock))
                task.add_done_callback(lambda _task: slots.release())

    async def _connect(self, port: int, address: TransportAddress) -> None:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        while True:
            sock = _bound(family, port)
            try:
                async with asyncio.timeout(_TRY_FOR):
                    await self._loop.sock_connect(sock, (address.host, address.port))
            except (OSError, TimeoutError):
                sock.close()
            except BaseException:
                sock.close()
                raise
            else:
                await self._try(sock)
            await asyncio.sleep(_PAUSE)

    async def _try(self, sock: socket.socket) -> None:
        """Prove who we are, have it proven, and see whether this connection is chosen."""
        is_taken = False
        try:
            async with asyncio.timeout(_PROVE_WITHIN):
                await self._loop.sock_sendall(sock, proof(self._own, self._peer))
                shown = await self._read(sock, PROOF_SIZE)
            if is_proof(shown, self._peer, self._own):
                is_taken = await self._choose(sock)
        except (OSError, TimeoutError):
            pass
        finally:
            if not is_taken:
                sock.close()

    async def _choose(self, sock: socket.socket) -> bool:
        if self._is_first:
            async with self._choosing:
                if self._found.done():
                    return False
                await self._loop.sock_sendall(sock, _CHOSEN)
        elif await self._read(sock, 1) != _CHOSEN or self._found.done():
            return False
        self._found.set_result(sock)
        return True

    async def _read(self, sock: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = await self._loop.sock_recv(sock, size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data
