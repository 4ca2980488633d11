"""Moves one pure session: socket in, socket out, one timer."""

import asyncio
import secrets
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from packhorse.aio.direct_sockets import DirectSockets
from packhorse.aio.paths import DatagramSocket, RelayPath
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.events import Event
from packhorse.core.joining import Wish
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress, is_loopback
from packhorse.wire.constants import MemberState

if TYPE_CHECKING:
    from collections.abc import Callable

_REFRESH = 30.0  # seconds after which the addresses of this machine are looked up again
_PART_WITHIN = 1.0  # seconds that giving up waits for GRANT


class Session(Protocol):
    """The five methods of a pure session."""

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Take bytes from the network; never raises for what came from outside."""

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""

    def next_timeout(self) -> float | None:
        """Return the earliest deadline."""

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out."""

    def next_event(self) -> Event | None:
        """Drain one event."""


SessionT = TypeVar("SessionT", bound=Session)


class Driver(Generic[SessionT]):
    """A session over its own path to the relay."""

    def __init__(self, session: SessionT, path: RelayPath) -> None:
        self._loop = asyncio.get_running_loop()
        self._relay = TransportAddress(*path.address)
        self._socket: DatagramSocket | None = None
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._wakeup: asyncio.Handle | None = None
        self._is_pumping = False
        self.on_event: Callable[[Event], None] = lambda _event: None
        """Called with each event, in order."""
        self.on_progress: Callable[[], None] | None = None
        """Called after the session has done something."""
        self.session = session
        self.path = path
        self._held: list[Event] = []
        self._waiters: list[asyncio.Future[None]] = []

    async def open(self) -> None:
        """Open the path and let the session begin.

        Raises:
            OSError: The path cannot be had.
        """
        sock = await self.path.open(self._receive, self._path_reopened)
        if self._is_closed:  # while we waited
            sock.close()
            return
        self._socket = sock
        sock.on_drained = self._pump  # once for all that came together
        self._session_timeout()

    def hold_events(self) -> None:
        """Keep events back until `hand_events_to` says who takes them."""
        self.on_event = self._held.append

    def keep(self, event: Event) -> None:
        """Keep one event for whoever takes the events later."""
        self._held.append(event)

    def hand_events_to(self, on_event: "Callable[[Event], None]") -> None:
        """Give what was held back, and each event from now on, to `on_event`."""
        self.on_event = on_event
        held, self._held = self._held, []
        for event in held:
            on_event(event)

    def send(self, datagram: bytes) -> bool:
        """Send a datagram to the relay; False when the system refused it."""
        return self._socket is not None and self._socket.send(datagram, self._relay[:2])

    def pump_now(self) -> None:
        """Let the session act at once: call after a command."""
        self.session.handle_timeout(now=self._loop.time())
        self._pump()

    def _pump(self) -> None:
        """Flush, dispatch, re-arm."""
        self._cancel_wakeup()
        datagrams = [datagram for datagram, _relay in self.session.datagrams_to_send()]
        if self._socket is not None:
            self._socket.send_all(datagrams, self._relay[:2])
        self._send_directly()
        self._is_pumping = True
        try:
            self._dispatch()
        finally:
            self._is_pumping = False
        self._arm()

    def _send_directly(self) -> None:
        """Send what goes to peers' addresses."""

    def _dispatch(self) -> None:
        while (event := self.session.next_event()) is not None:
            self.on_event(event)
        self._tell_waiters()
        if self.on_progress is not None:
            self.on_progress()

    def _tell_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def wake(self) -> None:
        """Let the session act soon: call after what may have given it something to do.

        What is queued in one turn of the event loop goes out together, in shared datagrams.
        """
        is_seen_to = self._is_pumping or self._wakeup is not None  # pumping ends with `_arm`
        if not is_seen_to and self._socket is not None:
            self._wakeup = self._loop.call_soon(self.pump_now)

    async def activity(self) -> None:
        """Wait until the session has done something."""
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def close(self) -> None:
        """Close the path and the timer; harmless when closed."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._cancel_wakeup()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _cancel_wakeup(self) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        now = self._loop.time()
        self.session.receive_datagram(data, TransportAddress(*source), now=now)

    def _path_reopened(self) -> None:
        """Take in that the relay sees another address now."""

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


class SessionDriver(Driver[MemberSession]):
    """A driver of a new session that creates or joins a room."""

    def __init__(self, wish: Wish, path: RelayPath) -> None:
        address = TransportAddress(*path.address)
        now = asyncio.get_running_loop().time()
        super().__init__(MemberSession(wish, address, secrets.token_bytes, now=now), path)
        self._direct: DirectSockets | None = None
        self._refresh: asyncio.TimerHandle | None = None

    async def seek_direct_paths(self) -> None:
        """Look for direct paths to the peers, from the end of joining on.

        Nothing is sought where the relay is at a loopback address: then no path is shorter.
        """
        if is_loopback(self._relay):
            return
        direct = DirectSockets()
        shared = self._socket if isinstance(self._socket, UdpSocket) else None
        await direct.open(shared, self._receive, self._pump)
        self._direct = direct
        self._offer_addresses()

    def close(self) -> None:
        """Close the paths and the timers; harmless when closed."""
        if self._refresh is not None:
            self._refresh.cancel()
            self._refresh = None
        if self._direct is not None:
            self._direct.close()
            self._direct = None
        super().close()

    def _offer_addresses(self) -> None:
        """Tell the peers where this machine is, now and then anew: it may move."""
        if self._direct is None or self.session.state is not MemberState.JOINED:
            return
        self.session.seek_direct_paths(
            self._direct.candidates(),
            shares_socket=isinstance(self._socket, UdpSocket),
            now=self._loop.time(),
        )
        self._refresh = self._loop.call_later(_REFRESH, self._offer_addresses)
        self._pump()

    def _send_directly(self) -> None:
        datagrams = self.session.direct_datagrams_to_send()
        if self._direct is not None:
            for datagram in datagrams:
                self._direct.send(datagram)

    async def part(self) -> None:
        """Close; a relay that may be letting us in just now is waited for and told.

        Else it would keep a member that is not there until the lease ends. Takes at most
        a second. Safe to cancel: then it closes at once.
        """
        try:
            async with asyncio.timeout(_PART_WITHIN):
                while self.session.state is MemberState.JOINING:
                    await self.activity()
        except TimeoutError:
            pass
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close at once; a relay that has let us in is told so, but not waited for."""
        if self.session.state is MemberState.JOINED:
            self.session.leave(now=self._loop.time())
            self.pump_now()
        self.close()

    def _path_reopened(self) -> None:
        self.session.check_path(now=self._loop.time())
        self._pump()
