"""The room as applications use it: events in, messages out, one object to close."""

import asyncio
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from packhorse.aio.answers import Answers
from packhorse.aio.driver import SessionDriver
from packhorse.aio.host_commands import HostCommands
from packhorse.aio.room_taps import RoomTaps
from packhorse.core.delivery.hub import PeerStatistics
from packhorse.core.events import (
    EVERYBODY,
    HOST,
    Closed,
    Event,
    Joined,
    JoinRequested,
    Message,
    Path,
    PeerId,
    PingAnswered,
    RequestEnded,
    StageChanged,
)
from packhorse.pipes.room import PIPE_CHANNEL, RoomPipe
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, Mode, PeerState, Topology
from packhorse.wire.errors import (
    PackhorseError,
    SessionClosedOK,
    TransactionTimeoutError,
)
from packhorse.wire.frames import RELIABLE_MODES
from packhorse.wire.room_code import show_room_code

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_MESSAGES: Final = 4096  # unreliable ones that wait for the application; more are dropped
_FLUSH_WITHIN: Final = 2.0  # seconds that leaving waits for reliable messages to arrive
_LEAVE_WITHIN: Final = 1.0  # seconds that leaving waits for the relay's answer


class Room(HostCommands):
    """One membership of a room; iterate over it for its events.

    Peers that were there before are in `peers`; their `PeerJoined` is not repeated.
    """

    def __init__(self, driver: SessionDriver) -> None:
        super().__init__()
        self.on_message: Callable[[Message], None] | None = None
        """Called with each message as it comes; while set, messages are not iterated over."""
        self.on_progress: Callable[[], None] | None = None
        """Called after something was sent, received or due: `try_send` may succeed again."""
        self.taps = RoomTaps()
        """What goes to pipes; for `RoomPipe`."""
        self._driver = driver
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._waiting_messages = 0
        self._has_news = asyncio.Event()
        self._requests: Answers[int | None] = Answers()
        self._pings: Answers[float] = Answers()
        self._closed: asyncio.Future[PackhorseError | None] = self._loop.create_future()
        driver.on_progress = self._on_progress
        driver.hand_events_to(self._on_event)

    @property
    def code(self) -> str:
        """Room code as people see it, such as K7QM-2XPA."""
        return show_room_code(self._driver.session.code)

    @property
    def peer_id(self) -> PeerId:
        """Own peer id; the host is 1."""
        return self._driver.session.peer_id

    @property
    def is_host(self) -> bool:
        """Tell whether this side owns the room."""
        return self.peer_id == HOST

    @property
    def peers(self) -> frozenset[PeerId]:
        """Ids of all other members, lost ones included."""
        return frozenset(self._driver.session.roster) - {self.peer_id}

    @property
    def lost_peers(self) -> frozenset[PeerId]:
        """Ids of the members that the relay has not heard for a while."""
        roster = self._driver.session.roster
        return frozenset(peer for peer, state in roster.items() if state is PeerState.LOST)

    @property
    def topology(self) -> Topology:
        """Who may address whom."""
        return self._driver.session.topology

    @property
    def max_payload(self) -> int:
        """Largest unreliable message, bytes."""
        return self._driver.session.max_payload

    @property
    def rtt(self) -> float | None:
        """Smoothed round-trip time to the relay in seconds; None before the first PONG."""
        return self._driver.session.rtt.smoothed

    @property
    def path(self) -> Path:
        """What carries its datagrams."""
        return self._driver.path.kind

    def peer_path(self, peer: int) -> TransportAddress | None:
        """Return the address to which data for a peer goes directly; None: over the relay."""
        return self._driver.session.direct_path(PeerId(peer))

    @property
    def relay_address(self) -> TransportAddress:
        """Where datagrams for the relay go."""
        return TransportAddress(*self._driver.path.address)

    @property
    def mapped_address(self) -> TransportAddress:
        """Own address as the relay sees it."""
        return self._driver.session.mapped_address

    @property
    def saved_session(self) -> str:
        """Secret with which `resume` takes this session up again; newer ones are better."""
        return self._driver.session.saved.to_text()

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were received but not acted upon, by reason."""
        return self._driver.session.drops

    @property
    def is_idle(self) -> bool:
        """Tell whether every reliable message has arrived."""
        return self._driver.session.is_idle

    @property
    def is_closed(self) -> bool:
        """Tell whether the session has ended."""
        return self._closed.done()

    def try_send(
        self,
        data: bytes,
        *,
        to: int = EVERYBODY,
        mode: Mode = Mode.UNRELIABLE,
        channel: int = 0,
    ) -> bool:
        """Send a message at once; False when there is no place for it now.

        Args:
            data: Up to 16 MiB in the reliable modes, up to 64 KiB in the others.
            to: 0 all others, n peer n, -n all others but n.
            mode: Which promises it travels with.
            channel: 0..255; each mode of a channel is ordered on its own.

        Raises:
            LocalProtocolError: An argument is outside these bounds, or the room has no
                such peer or does not let this side address it.
            SessionClosedError: The session has ended.
        """
        self._raise_if_closed()
        session = self._driver.session
        if not session.may_send(to=to, mode=mode):
            return False
        now = self._loop.time()
        datagram = session.send(data, to=to, mode=mode, channel=channel, now=now)
        if datagram is not None:
            return self._driver.send(datagram)
        self._driver.wake()
        return True

    async def send(
        self,
        data: bytes,
        *,
        to: int = EVERYBODY,
        mode: Mode = Mode.UNRELIABLE,
        channel: int = 0,
    ) -> None:
        """Send a message; a reliable one waits while too much of them is under way.

        Takes and raises what `try_send` does; cancelling is safe: a message that still
        waits is not sent. An unreliable message that the system refuses counts as lost.
        """
        while not self.try_send(data, to=to, mode=mode, channel=channel):
            if mode not in RELIABLE_MODES:
                await asyncio.sleep(0)
                return
            await self._driver.activity()

    async def flush(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - part of the error
        """Wait until every reliable message has arrived.

        Raises:
            TransactionTimeoutError: Some have not within `timeout` seconds.
            SessionClosedError: The session has ended.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self.is_idle:
                    self._raise_if_closed()
                    await self._driver.activity()
        except TimeoutError as error:
            if isinstance(error, PackhorseError):
                raise
            raise TransactionTimeoutError("delivering messages", 0, timeout) from None

    def pipe(
        self, peer: int, *, mode: Mode = Mode.RELIABLE, channel: int = PIPE_CHANNEL
    ) -> RoomPipe:
        """Return a pipe to a peer, who opens one likewise.

        What this peer sends in this mode on this channel, messages that wait included, goes
        to the pipe alone; everything else is as before. Closing the pipe ends that.

        Args:
            peer: A member of the room.
            mode: Which promises the messages travel with; the same at both ends.
            channel: 0..255, the same at both ends. Leave 255 to pipes.

        Raises:
            LocalProtocolError: There is no such peer or channel, or such a pipe exists.
            SessionClosedError: The session has ended.
        """
        self._raise_if_closed()
        pipe = RoomPipe(self, peer, mode, channel)
        waiting, self._events = self._events, deque()
        for event in waiting:
            if not (isinstance(event, Message) and self.taps.take(event)):
                self._events.append(event)
            else:
                self._waiting_messages -= event.mode not in RELIABLE_MODES
        return pipe

    def peer_statistics(self, peer: int) -> PeerStatistics:
        """Return RTT, jitter and loss, measured by reliable messages and `ping_peer`."""
        return self._driver.session.peer_statistics(PeerId(peer))

    async def ping_peer(self, peer: int, timeout: float = 2.0) -> float:  # noqa: ASYNC109
        """Return the round-trip time to a peer in seconds, end to end.

        Raises:
            TransactionTimeoutError: No answer came within `timeout` seconds.
            LocalProtocolError: The peer is not in the room.
            SessionClosedError: The session has ended.
        """
        self._raise_if_closed()
        ping = self._driver.session.ping_peer(PeerId(peer), now=self._loop.time())
        self._driver.wake()
        return await self._pings.wait(ping, timeout, f"pinging peer {peer}")

    async def aclose(self) -> None:
        """Leave the room; harmless when closed.

        Waits at most two seconds for reliable messages to arrive and one for the relay.
        Cancelling is safe: it ends the waiting, and the room is closed all the same.
        """
        try:
            if not self._closed.done():
                with suppress(PackhorseError):
                    await self.flush(_FLUSH_WITHIN)
            if not self._closed.done():
                self._driver.session.leave(now=self._loop.time())
                self._driver.pump_now()
                await asyncio.wait([self._closed], timeout=_LEAVE_WITHIN)
        finally:
            self._finish(None)
            self._driver.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            StopAsyncIteration: This side has left.
            SessionClosedByError: The relay, the host or the network ended the session.
        """
        while not self._events:
            if self._closed.done():
                error = self._closed.result()
                raise StopAsyncIteration if error is None else error
            self._has_news.clear()
            await self._has_news.wait()
        event = self._events.popleft()
        if isinstance(event, Message):
            self._waiting_messages -= event.mode not in RELIABLE_MODES
            self.consume(event)
        return event

    def consume(self, message: Message) -> None:
        """Give the sender of a reliable message credit for more; for `RoomPipe`."""
        if message.mode in RELIABLE_MODES:
            self._driver.session.consume(message)
            self._driver.wake()

    def _on_event(self, event: Event) -> None:
        if self.taps.take(event):
            return
        match event:
            case Message():
                self._take_message(event)
            case Closed(error):
                self._finish(error)
            case RequestEnded(request, code):
                self._requests.give(request, code)
            case PingAnswered(ping, rtt):
                self._pings.give(ping, rtt)
            case StageChanged() | Joined():
                pass
            case JoinRequested() if self._take_join_request(event):
                pass
            case _:
                self._put(event)

    def _on_progress(self) -> None:
        self.taps.progress()
        if self.on_progress is not None:
            self.on_progress()

    def _take_message(self, message: Message) -> None:
        if self.on_message is not None:
            self.consume(message)
            self.on_message(message)
            return
        if message.mode not in RELIABLE_MODES:  # those are bounded by the credit of their senders
            if self._waiting_messages >= _MAX_MESSAGES:
                self.drops[DropReason.BUFFER_FULL] += 1
                return
            self._waiting_messages += 1
        self._put(message)

    def _put(self, event: Event) -> None:
        self._events.append(event)
        self._has_news.set()

    def _finish(self, error: PackhorseError | None) -> None:
        if self._closed.done():
            return
        self._closed.set_result(error)
        self._requests.fail(error or SessionClosedOK())
        self._pings.fail(error or SessionClosedOK())
        self.taps.end(error)
        self._has_news.set()

    def _raise_if_closed(self) -> None:
        if self._closed.done():
            raise self._closed.result() or SessionClosedOK()
