"""Moves the messages of streams from and to a room, and their bytes from and to sockets."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from packhorse.core.events import Message, PeerId
from packhorse.core.streams.multiplexer import Multiplexer
from packhorse.core.streams.stream import Stream
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.tcp_connection import Connection
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Callable


_RETRY_AFTER: Final = 0.002  # seconds; at 64 MB/s much still waits in the room by then


class TcpCarrier:
    """All TCP connections of a middleman."""

    def __init__(self, multiplexer: Multiplexer, link: RoomLink, traffic: Traffic) -> None:
        """Carry nothing yet; needs a running event loop.

        Args:
            multiplexer: Has no streams yet.
            link: The way into the room.
            traffic: Counts what is carried.
        """
        self.on_unattached: Callable[[Stream], None] = lambda _stream: None
        """Called when something happened to a stream that has no connection."""
        self.on_failure: Callable[[Stream], None] = lambda _stream: None
        """Called when a stream with a connection has failed."""
        self._multiplexer = multiplexer
        self._link = link
        self._traffic = traffic
        self._connections: dict[Stream, Connection] = {}
        self._waiting: set[int] = set()  # peers whose streams wait for progress
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def open(self, peer: PeerId, service: int) -> Stream | None:
        """Open a stream; None when there is no place for one more."""
        stream = self._multiplexer.open(peer, service, now=self._loop.time())
        self._arm()
        return stream

    def receive(self, message: Message) -> None:
        """Take in a message of a stream."""
        peer, channel, now = message.source, message.channel, self._loop.time()
        try:
            self._multiplexer.receive(peer, channel, message.data, now=now)
        except ParseError:
            self._traffic.own_drops[Drop.BAD_MESSAGE] += 1
            return
        self.settle(peer)

    def forget(self, peer: PeerId) -> None:
        """Reset all connections to a peer that has left."""
        self._multiplexer.forget(peer)
        self._waiting.discard(peer)
        self.settle(peer)

    def go_on(self) -> None:
        """Send what has waited, soon: there was progress, of which there is a lot."""
        if self._waiting and self._retry is None:
            self._retry = self._loop.call_later(_RETRY_AFTER, self._try_again)

    def settle(self, peer: int) -> None:
        """Send what streams have to say, and let their connections act on what happened."""
        self._drain(peer)
        while (stream := self._multiplexer.next_changed()) is not None:
            self._update(stream)
            self._drain(stream.peer)

    def attach(self, stream: Stream, connection: Connection) -> None:
        """Take in a connection whose socket is there."""
        self._connections[stream] = connection
        self._traffic.tcp.connections += 1
        self._traffic.tcp.open += 1

    def detach(self, stream: Stream) -> None:
        """Forget a connection whose socket is gone."""
        del self._connections[stream]
        self._traffic.tcp.open -= 1

    async def aclose(self) -> None:
        """Reset all connections."""
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        for connection in list(self._connections.values()):
            connection.reset()
        await asyncio.sleep(0)  # the event loop closes their sockets

    def _try_again(self) -> None:
        self._retry = None
        waiting, self._waiting = self._waiting, set()
        for peer in waiting:
            self.settle(peer)

    def _update(self, stream: Stream) -> None:
        connection = self._connections.get(stream)
        if connection is None:
            self.on_unattached(stream)
            return
        if stream.failure is not None:
            self.on_failure(stream)
        connection.update()

    def _drain(self, peer: int) -> None:
        self._multiplexer.drain(peer, partial(self._offer, peer))

    def _offer(self, peer: int, channel: int, message: bytes) -> bool:
        if self._link.offer(peer, channel, message):
            return True
        self._waiting.add(peer)
        return False

    def _arm(self) -> None:
        deadline = self._multiplexer.next_timeout()
        if deadline is not None and self._timer is None:
            self._timer = self._loop.call_at(deadline, self._handle_timeout)

    def _handle_timeout(self) -> None:
        self._timer = None
        self._multiplexer.handle_timeout(now=self._loop.time())
        while (stream := self._multiplexer.next_changed()) is not None:
            self._update(stream)
            self._drain(stream.peer)
        self._arm()
