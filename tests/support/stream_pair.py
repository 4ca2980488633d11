"""Two multiplexers, an opener and an acceptor, and the lanes between them."""

from collections import deque
from collections.abc import Callable
from typing import Final

from packhorse.core.streams.multiplexer import Multiplexer
from packhorse.core.streams.stream import Stream

HOST: Final = 1
CLIENT: Final = 2


class StreamPair:
    """A client that opens streams and a host that accepts them; lanes keep their order."""

    def __init__(self, services: int = 1, **limits: int) -> None:
        self.now = 0.0
        self.client = Multiplexer()
        self.host = Multiplexer(services, **limits)
        self.to_host: dict[int, deque[bytes]] = {}
        """By channel."""
        self.to_client: dict[int, deque[bytes]] = {}
        self.capacity = 1 << 30
        """Messages that may be under way in one direction."""
        self.accepted: list[Stream] = []
        """Streams that the host has seen, in order."""

    def open(self, service: int = 0) -> Stream:
        """Open a stream at the client, which must succeed."""
        stream = self.client.open(HOST, service, now=self.now)
        assert stream is not None
        return stream

    def connect(self, service: int = 0) -> tuple[Stream, Stream]:
        """Open a stream and let the host accept and confirm it."""
        stream = self.open(service)
        self.settle()
        accepted = self.accepted[-1]
        accepted.confirm()
        self.settle()
        return stream, accepted

    def settle(self) -> None:
        """Deliver until nothing is under way."""
        while self.hand_out() | self.deliver():
            pass

    def hand_out(self) -> bool:
        """Let both put what they have to say onto the lanes; False when that is nothing."""
        before = self.under_way(self.to_host) + self.under_way(self.to_client)
        self.client.drain(HOST, self._offer(self.to_host))
        self.host.drain(CLIENT, self._offer(self.to_client))
        return self.under_way(self.to_host) + self.under_way(self.to_client) > before

    def deliver(self) -> bool:
        """Deliver all that is under way; False when that is nothing."""
        channels = [*self.to_host, *self.to_client]
        return sum(self.deliver_one(channel) for channel in channels) > 0

    def deliver_one(self, channel: int) -> bool:
        """Deliver the oldest message of a channel in each direction; False for none."""
        is_any = False
        for lanes, receiver, peer in (
            (self.to_host, self.host, CLIENT),
            (self.to_client, self.client, HOST),
        ):
            if lanes.get(channel):
                receiver.receive(peer, channel, lanes[channel].popleft(), now=self.now)
                is_any = True
        self._see()
        return is_any

    @staticmethod
    def under_way(lanes: dict[int, deque[bytes]]) -> int:
        """Return how many messages are under way in one direction."""
        return sum(map(len, lanes.values()))

    def _offer(self, lanes: dict[int, deque[bytes]]) -> Callable[[int, bytes], bool]:
        def offer(channel: int, message: bytes) -> bool:
            if self.under_way(lanes) >= self.capacity:
                return False
            lanes.setdefault(channel, deque()).append(message)
            return True

        return offer

    def _see(self) -> None:
        while (stream := self.host.next_changed()) is not None:
            if stream not in self.accepted:
                self.accepted.append(stream)
        while self.client.next_changed() is not None:
            pass


def read_all(stream: Stream, *, now: float = 0.0) -> bytes:
    """Take everything that has come."""
    return b"".join(iter(lambda: stream.take(now=now) or b"", b""))
