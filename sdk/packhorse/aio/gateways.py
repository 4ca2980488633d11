"""Has the home's gateway forward the ports of direct paths, where it offers that."""

import asyncio
import platform
import secrets
from asyncio import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.direct.gateway import gateway_of_netstat, gateway_of_proc
from packhorse.core.direct.port_mapper import PortMapper, Protocol, is_inside
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ParseError
from packhorse.wire.port_mapping import GATEWAY_PORT

_PROC: Final = Path("/proc/net/route")
_ANSWER_WITHIN: Final = 2.0  # seconds for a program that prints the routes


async def default_gateway() -> str | None:
    """Return the IPv4 address of the default gateway; None where there is none to be found."""
    if platform.system() == "Linux":
        with suppress(OSError, ValueError):
            return gateway_of_proc(_PROC.read_text("ascii"))
        return None
    with suppress(OSError, ValueError, NotImplementedError):  # TimeoutError is an OSError
        return gateway_of_netstat(await _routes())
    return None


async def _routes() -> str:
    program = await asyncio.create_subprocess_exec(
        "netstat", "-rn", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            output, _ = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
    return output.decode("ascii", "replace")


class MappedPort:
    """One UDP port that the gateway is asked to forward, until `close`."""

    def __init__(self, on_changed: Callable[[], None]) -> None:
        """Ask nothing yet; `on_changed` is called when `address` has changed."""
        self._loop = asyncio.get_running_loop()
        self._on_changed = on_changed
        self._mapper: PortMapper | None = None
        self._socket: UdpSocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._settled = asyncio.Event()
        self._told: TransportAddress | None = None

    @property
    def address(self) -> TransportAddress | None:
        """Where the gateway takes in what it forwards; None without a mapping."""
        return self._mapper.mapped if self._mapper else None

    @property
    def protocol(self) -> Protocol | None:
        """What the gateway understands; None when it does not answer."""
        return self._mapper.protocol if self._mapper else None

    async def open(self, port: int) -> None:
        """Ask the gateway for a port, where this machine is behind one; does not wait for it.

        Args:
            port: Own UDP port.
        """
        gateway = await default_gateway()
        if gateway is None or self._is_closed:
            self._settled.set()
            return
        with suppress(OSError):
            self._socket = await UdpSocket.open(self._receive, connect=(gateway, GATEWAY_PORT))
        self._begin(port)

    async def settled(self) -> None:
        """Wait until the gateway has said yes, or all has been tried: at most a second."""
        await self._settled.wait()

    def close(self) -> None:
        """Take the mapping away; harmless when closed."""
        self._is_closed = True
        self._settled.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._mapper is not None:
            self._mapper.close()
            self._send()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _begin(self, port: int) -> None:
        own = self._socket.local_address[0] if self._socket else None
        if self._is_closed or own is None or not is_inside(own):
            self.close()
            return
        now = self._loop.time()
        self._mapper = PortMapper(own, port, secrets.token_bytes, now=now)
        self._pump()

    def _receive(self, data: bytes, _source: SocketAddress) -> None:
        if self._mapper is not None:
            with suppress(ParseError):
                self._mapper.receive(data, now=self._loop.time())
            self._pump()

    def _timeout(self) -> None:
        if self._mapper is not None:
            self._mapper.handle_timeout(now=self._loop.time())
            self._pump()

    def _pump(self) -> None:
        self._send()
        self._arm()
        if self._mapper is not None and self._mapper.is_settled:
            self._settled.set()
        if self.address != self._told:
            self._told = self.address
            self._on_changed()

    def _send(self) -> None:
        if self._mapper is not None and self._socket is not None:
            for data in self._mapper.datagrams_to_send():
                self._socket.send(data)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._mapper.next_timeout() if self._mapper else None
        self._timer = None if due is None else self._loop.call_at(due, self._timeout)
