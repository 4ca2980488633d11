"""The room as applications use it: events in, messages out, one object to close."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from packhorse.aio.answers import Answers
from packhorse.aio.driver import SessionDriver
from packhorse.aio.host_commands import HostCommands
from packhorse.core.events import (
    EVERYBODY,
    Closed,
    Event,
    Joined,
    JoinRequested,
    Message,
    PeerId,
    PingAnswered,
    RequestEnded,
    StageChanged,
)
from packhorse.pipes.room import PIPE_CHANNEL, RoomPipe
from packhorse.wire.constants import DropReason, Mode
from packhorse.wire.errors import (
    PackhorseError,
    SessionClosedOK,
    TransactionTimeoutError,
)
from packhorse.wire.frames import RELIABLE_MODES

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
        super().__init__(driver)
        self.on_message: Callable[[Message], None] | None = None
        """Called with each message as it comes; while set, messages are not iterated over."""
        self.on_progress: Callable[[], None] | None = None
        """Called after something was sent, received or due: `try_send` may succeed again."""
        self._events: deque[Event] = deque()
        self._waiting_messages = 0
        self._has_news = asyncio.Event()
        self._pings: Answers[float] = Answers()
        driver.on_progress = self._on_progress
        driver.hand_events_to(self._on_event)

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
