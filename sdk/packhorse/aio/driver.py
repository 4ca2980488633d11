"""Moves one pure session: socket in, socket out, one timer."""

import asyncio
import secrets
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from packhorse.aio.direct_search import DirectSearch
from packhorse.aio.path_keeper import PathKeeper
from packhorse.aio.paths import DatagramSocket, RelayPath
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.events import Event, Path, PathChanged
from packhorse.core.joining import Wish
from packhorse.core.path_watch import Verdict
from packhorse.core.relay_address import RelayAddress
from packhorse.core.session import MemberSession
from packhorse.wire.address import TransportAddress, is_loopback
from packhorse.wire.constants import MemberState

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def _next_timeout(self) -> float | None:
        """Return when something is to be done."""
        return self.session.next_timeout()

    def _arm(self) -> None:
        """Set the timer; one that fires early is harmless, so later deadlines cost nothing."""
        deadline = self._next_timeout()
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
        self._keeper: PathKeeper | None = None
        self._told_path: tuple[Path, TransportAddress] | None = None
        self._direct: DirectSearch | None = None
        self.relay_addresses: list[SocketAddress] = [path.address]
        """All addresses of the relay."""

    async def seek_direct_paths(self, *, birthday: bool) -> None:
        """Look for direct paths to the peers, from the end of joining on.

        With `birthday` ports are probed where that can help (SPEC.md section 18.8).
        Nothing is sought where the relay is at a loopback address: then no path is shorter.
        """
        if is_loopback(self._relay):
            return
        shared = self._socket if isinstance(self._socket, UdpSocket) else None
        self._direct = DirectSearch(self._offer, birthday=birthday)
        await self._direct.open(shared, self.relay_addresses, self._receive_directly, self._pump)

    def _receive_directly(self, data: bytes, source: SocketAddress | TransportAddress) -> None:
        """Take in what came on a socket that is for direct paths alone."""
        now = self._loop.time()
        self.session.receive_from_peer(data, TransportAddress(*source), now=now)

    def _offer(self) -> None:
        """Tell the peers where this machine is."""
        if self._direct is None or self.session.state is not MemberState.JOINED:
            return
        self.session.seek_direct_paths(
            self._direct.candidates(),
            shares_socket=isinstance(self._socket, UdpSocket),
            part=self._direct.part,
            now=self._loop.time(),
        )
        self._pump()

    def _send_directly(self) -> None:
        datagrams = self.session.direct_datagrams_to_send()
        if self._direct is not None:
            for datagram in datagrams:
                self._direct.send(datagram)
            self._follow(self._direct)

    def _follow(self, search: DirectSearch) -> None:
        """Let the search take in what the session has come to."""
        if self.session.direct is not None:
            search.note_attempts(self.session.direct.attempts)
            if search.has_more_sockets:
                search.keep_sockets(self.session.direct.listeners)

    def _receive(self, data: bytes, source: SocketAddress) -> None:
        if self._direct is None or not self._direct.takes(data, source):
            super()._receive(data, source)

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

    def keep_path(self, relay: RelayAddress) -> None:
        """Go over to WebSocket when UDP dies from now on."""
        self._keeper = PathKeeper(relay, self.path)
        self._arm()

    def close(self) -> None:
        """Close the paths, the timers and the search for other paths; harmless when closed."""
        super().close()
        if self._keeper is not None:
            self._keeper.close()
        if self._direct is not None:
            self._direct.close()

    async def closed(self) -> None:
        """Wait after `close` until nothing is left behind, at most a second."""
        if self._direct is not None:
            await self._direct.removed()

    def _dispatch(self) -> None:
        super()._dispatch()
        self._tell_path()

    def _tell_path(self) -> None:
        """Tell a path that is new to the relay, too."""
        session = self.session
        if session.state is not MemberState.JOINED or session.is_binding:
            return
        path = (self.path.kind, session.mapped_address)
        if self._told_path not in (None, path):
            self.on_event(PathChanged(*path))
        self._told_path = path

    def _next_timeout(self) -> float | None:
        deadline = self.session.next_timeout()
        if self._keeper is None or deadline is None:
            return deadline
        other = self._keeper.watch.next_timeout(self.session.pings)
        return deadline if other is None else min(deadline, other)

    def _session_timeout(self) -> None:
        if self._keeper is not None and self.session.state is MemberState.JOINED:
            self._look_at_path(self._keeper)
        super()._session_timeout()

    def _look_at_path(self, keeper: PathKeeper) -> None:
        now = self._loop.time()
        verdict = keeper.watch.judge(self.session.pings, now=now)
        if verdict is Verdict.NOTHING:
            return
        self.session.check_path(now=now)
        if verdict is Verdict.REPLACE and self.path.kind is Path.RELAY_UDP:
            keeper.replace(self._move)
        elif verdict is Verdict.REPLACE:  # BIND was not answered
            self.session.bind(now=now)

    async def _move(self, path: RelayPath) -> None:
        """Open another path and take the session up there, if the old one is still silent.

        Raises:
            OSError: It cannot be had.
        """
        sock = await path.open(self._receive, self._path_reopened)
        is_silent = self.session.pings.silent_since is not None
        if self._socket is None or not is_silent or self.session.state is not MemberState.JOINED:
            sock.close()
            return
        if self._direct is not None and isinstance(self._socket, UdpSocket):
            self._direct.keep(self._socket)
        else:
            self._socket.close()
        self._socket, self.path = sock, path
        sock.on_drained = self._pump
        self.session.bind(now=self._loop.time())
        self.pump_now()
        self._offer()

    def _path_reopened(self) -> None:
        self.session.check_path(now=self._loop.time())
        self._pump()
