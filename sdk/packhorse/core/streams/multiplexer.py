"""All streams of a middleman: which channel carries which, and whose turn it is to send."""

from collections import deque
from collections.abc import Callable
from typing import Final

from packhorse.core.streams.format import (
    FIRST_CHANNEL,
    LAST_CHANNEL,
    ResetReason,
    StreamKind,
    StreamMessage,
    decode_stream_message,
)
from packhorse.core.streams.stream import Stream
from packhorse.core.streams.window import GrowthBudget
from packhorse.wire.constants import FRAGMENT_SIZE, DropReason
from packhorse.wire.errors import ParseError

MAX_STREAMS_PER_PEER: Final = LAST_CHANNEL - FIRST_CHANNEL + 1
MAX_STREAMS: Final = 1024  # with all peers; each has 128 KiB of window and a socket
OPEN_TIMEOUT: Final = 20.0  # seconds for the answer to OPEN
_SMALL: Final = FRAGMENT_SIZE  # bytes; what fits one datagram goes before what does not


class _PeerStreams:
    """Streams with one peer."""

    __slots__ = ("bulk", "by_channel", "free", "urgent")

    def __init__(self) -> None:
        self.by_channel: dict[int, Stream] = {}
        self.free = deque(range(FIRST_CHANNEL, LAST_CHANNEL + 1))
        self.urgent: deque[Stream] = deque()  # whose next message is small
        self.bulk: deque[Stream] = deque()


class Multiplexer:
    """Opens or accepts streams, never both: the opener alone picks channels."""

    def __init__(self, services: int | None = None, *, max_streams: int = MAX_STREAMS) -> None:
        """Start without streams.

        Args:
            services: How many are offered to those who open streams; None at an opener.
            max_streams: With all peers together; more are refused.
        """
        self._services = services
        self._max_streams = max_streams
        self._peers: dict[int, _PeerStreams] = {}
        self._budget = GrowthBudget()
        self._changed: dict[Stream, None] = {}  # ordered
        self._unanswered: dict[Stream, float] = {}  # to the deadline, in this order
        self._count = 0

    @property
    def count(self) -> int:
        """How many channels are taken."""
        return self._count

    def open(self, peer: int, service: int, *, now: float) -> Stream | None:
        """Open a stream to a service of a peer; None when no channel is free."""
        streams = self._streams(peer)
        if not streams.free or self._count >= self._max_streams:
            return None
        key = (peer, streams.free.popleft())
        stream = self._add(streams, key, service, is_opener=True, now=now)
        self._unanswered[stream] = now + OPEN_TIMEOUT
        return stream

    def receive(self, peer: int, channel: int, data: bytes, *, now: float) -> None:
        """Act upon a message of a peer; `next_changed` tells whom it concerns.

        Raises:
            ParseError: It was not acted upon.
        """
        message = decode_stream_message(data)
        streams = self._streams(peer)
        stream = streams.by_channel.get(channel)
        if stream is None:
            stream = self._accept(streams, (peer, channel), message, now)
        elif message.kind is StreamKind.OPEN:
            stream.fail(ResetReason.PROTOCOL)
        else:
            stream.receive(message)
            self._unanswered.pop(stream, None)
        self._changed[stream] = None
        self._remove_if_over(stream)

    def forget(self, peer: int) -> None:
        """Break off all streams with a peer that has left."""
        streams = self._peers.pop(peer, None)
        if streams is None:
            return
        self._count -= len(streams.by_channel)
        for stream in streams.by_channel.values():
            stream.vanish()
            self._unanswered.pop(stream, None)
            self._changed[stream] = None

    def next_changed(self) -> Stream | None:
        """Drain one stream to which something happened, or whose messages have all gone out."""
        for stream in self._changed:
            del self._changed[stream]
            return stream
        return None

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        return next(iter(self._unanswered.values()), None)

    def handle_timeout(self, *, now: float) -> None:
        """Break off the streams whose OPEN was not answered."""
        while (deadline := self.next_timeout()) is not None and deadline <= now:
            stream = next(iter(self._unanswered))
            del self._unanswered[stream]
            stream.fail(ResetReason.NO_ANSWER)
            self._changed[stream] = None

    def drain(self, peer: int, offer: Callable[[int, bytes], bool]) -> None:
        """Hand out messages, each stream in turn, small ones first.

        Args:
            peer: Whom they are for.
            offer: Called with channel and message; False keeps it for the next time.
        """
        streams = self._peers.get(peer)
        if streams is None:
            return
        while streams.urgent or streams.bulk:
            turn = streams.urgent or streams.bulk
            stream = turn[0]
            message = stream.peek()
            if message is not None and not offer(stream.channel, message):
                return
            turn.popleft()
            stream.is_queued = False
            if message is not None:
                stream.advance()
            if not stream.is_queued:
                self._queue(stream)

    def _queue(self, stream: Stream) -> None:
        """Let a stream wait for its turn, or note that it has nothing left to send."""
        streams = self._peers[stream.peer]
        message = stream.peek()
        if message is None:
            self._changed[stream] = None
            self._remove_if_over(stream)
            return
        stream.is_queued = True
        (streams.urgent if len(message) <= _SMALL else streams.bulk).append(stream)

    def _accept(
        self, streams: _PeerStreams, key: tuple[int, int], message: StreamMessage, now: float
    ) -> Stream:
        if message.kind is not StreamKind.OPEN or self._services is None:
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        if not FIRST_CHANNEL <= key[1] <= LAST_CHANNEL:
            raise ParseError(DropReason.OUT_OF_RANGE)
        is_full = self._count >= self._max_streams
        stream = self._add(streams, key, message.value, is_opener=False, now=now)
        if message.value >= (self._services or 0):
            stream.fail(ResetReason.NO_SERVICE)
        elif is_full:
            stream.fail(ResetReason.BUSY)
        return stream

    def _add(
        self,
        streams: _PeerStreams,
        key: tuple[int, int],
        service: int,
        *,
        is_opener: bool,
        now: float,
    ) -> Stream:
        stream = Stream(key, service, self._budget, self._queue, is_opener=is_opener, now=now)
        streams.by_channel[stream.channel] = stream
        self._count += 1
        return stream

    def _remove_if_over(self, stream: Stream) -> None:
        streams = self._peers[stream.peer]
        if stream.is_over and streams.by_channel.get(stream.channel) is stream:
            del streams.by_channel[stream.channel]
            if stream.is_opener:
                streams.free.append(stream.channel)
            self._unanswered.pop(stream, None)
            self._count -= 1

    def _streams(self, peer: int) -> _PeerStreams:
        streams = self._peers.get(peer)
        if streams is None:
            streams = self._peers[peer] = _PeerStreams()
        return streams
