"""Moves one pure session: socket in, socket out, one timer."""

import asyncio
import secrets
from typing import TYPE_CHECKING

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from packhorse.core.events import Event


class SessionDriver:
    """A session over its own UDP socket."""

    def __init__(self, wish: CreateRoom | JoinRoom, relay: SocketAddress) -> None:
        self._loop = asyncio.get_running_loop()
        self._relay = TransportAddress(*relay)
        self._socket: UdpSocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.on_event: Callable[[Event], None] = lambda _event: None
        """Called with each event, in order."""
        self.session = MemberSession(wish, self._relay, secrets.token_bytes, now=self._loop.time())

    async def open(self) -> None:
        """Open the socket and let the session begin.

        Raises:
            OSError: No socket can be had for the relay's address family.
        """
        self._socket = await UdpSocket.open(self._receive, bind=(_any(self._relay.host), 0))
        self._session_timeout()

    def send(self, datagram: bytes) -> bool:
        """Send a datagram to the relay; False when the system refused it."""
        return self._socket is not None and self._socket.send(datagram, self._relay[:2])

    def pump_now(self) -> None:
        """Let the session act at once: call after a command."""
        self.session.handle_timeout(now=self._loop.time())
        self._pump()

    def _pump(self) -> None:
        """Flush, dispatch, re-arm."""
        for datagram, _relay in self.session.datagrams_to_send():
            self.send(datagram)
        while (event := self.session.next_event()) is not None:
            self.on_event(event)
        self._arm()

    def close(self) -> None:
        """Close the socket and the timer; harmless when closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        now = self._loop.time()
        self.session.receive_datagram(data, TransportAddress(*source), now=now)
        self._pump()

    def _session_timeout(self) -> None:
        self._timer = None
        self.session.handle_timeout(now=self._loop.time())
        self._pump()

    def _arm(self) -> None:
        """Set the timer; one that fires early is harmless, so later deadlines cost nothing."""
        deadline = self.session.next_timeout()
        if deadline is None or self._socket is None:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._session_timeout)


def _any(host: str) -> str:
    return "::" if ":" in host else "0.0.0.0"  # noqa: S104 - a client socket, any interface
