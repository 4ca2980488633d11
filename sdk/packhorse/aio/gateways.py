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
from packhorse.aio.upnp import UpnpPort, has_upnp
from packhorse.core.direct.gateway import gateway_of_netstat, gateway_of_proc
from packhorse.core.direct.port_mapper import PortMapper, is_inside
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
        self._upnp: UpnpPort | None = None
        self._upnp_run: asyncio.Task[None] | None = None
        self._gateway = ""
        self._port = 0
        self._socket: UdpSocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._settled = asyncio.Event()
        self._told: TransportAddress | None = None

    @property
    def address(self) -> TransportAddress | None:
        """Where the gateway takes in what it forwards; None without a mapping."""
        by_upnp = self._upnp.address if self._upnp else None
        return by_upnp or (self._mapper.mapped if self._mapper else None)

    @property
    def protocol(self) -> str:
        """What the gateway understands; empty when it does not answer."""
        if self._upnp is not None and self._upnp.is_forwarded:
            return "UPnP"
        known = self._mapper.protocol if self._mapper else None
        return "" if known is None else str(known)

    async def open(self, port: int) -> None:
        """Ask the gateway for a port, where this machine is behind one; does not wait for it.

        Args:
            port: Own UDP port.
        """
        gateway = await default_gateway()
        self._port = port
        if gateway is None or self._is_closed:
            self._settled.set()
            return
        self._gateway = gateway
        with suppress(OSError):
            self._socket = await UdpSocket.open(self._receive, connect=(gateway, GATEWAY_PORT))
        self._begin()

    async def settled(self) -> None:
        """Wait until the gateway has said yes, or all has been tried: some seconds with UPnP."""
        await self._settled.wait()

    async def removed(self) -> None:
        """Wait after `close` until a mapping by UPnP has been taken away, at most a second."""
        if self._upnp_run is not None:
            await asyncio.gather(self._upnp_run, return_exceptions=True)

    def close(self) -> None:
        """Take the mapping away; harmless when closed."""
        self._is_closed = True
        self._settled.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._upnp_run is not None:
            self._upnp_run.cancel()
        if self._mapper is not None:
            self._mapper.close()
            self._send()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def _own(self) -> str:
        """Own address towards the gateway; empty without one."""
        return self._socket.local_address[0] if self._socket else ""

    def _begin(self) -> None:
        if self._is_closed or not self._own or not is_inside(self._own):
            self.close()
            return
        now = self._loop.time()
        self._mapper = PortMapper(self._own, self._port, secrets.token_bytes, now=now)
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
        self._look_at_mapper()
        self._tell()

    def _look_at_mapper(self) -> None:
        """Go over to UPnP, once, when the gateway knows nothing else."""
        if self._mapper is None or not self._mapper.is_settled:
            return
        if self._mapper.protocol is None and has_upnp():
            self._try_upnp()
        else:
            self._settled.set()

    def _try_upnp(self) -> None:
        if self._upnp is None:
            self._upnp = UpnpPort(self._own, self._gateway, self._port)
            run = self._upnp.run(self._upnp_changed)
            self._upnp_run = asyncio.create_task(run, name="packhorse-upnp")

    def _upnp_changed(self) -> None:
        self._settled.set()
        self._tell()

    def _tell(self) -> None:
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
