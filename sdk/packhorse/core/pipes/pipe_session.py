"""One end of a pipe over plain datagrams: finds the other end, then carries its messages.

Both ends say HELLO until each knows that the other knows it; none is the server. What
follows is found by its id, never by its source address, so that a NAT may rebind and a
TURN server may give a new address. Nothing is encrypted. Source: docs/pipes.md.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.core.pipes.greeting import (
    HEADER_SIZE,
    ID_SIZE,
    NO_COOKIE,
    NO_ID,
    Close,
    Cookie,
    Frame,
    Hello,
    decode,
    encode_close,
    encode_frame,
    encode_hello,
)
from packhorse.core.rtt import RttEstimator
from packhorse.wire.constants import REASSEMBLY_TOTAL, DropReason, Mode
from packhorse.wire.errors import ParseError

MAX_DATAGRAM: Final = 1200  # bytes of UDP payload; fits a 1280-byte MTU
KEEPALIVE: Final = 15.0  # seconds of silence after which we ask; NAT mappings die from 30 s
IDLE: Final = 45.0  # seconds of silence after which the other end is gone
_FIRST_HELLO: Final = 0.1  # seconds until HELLO is sent again; doubles each time
_LONGEST_HELLO: Final = 1.0  # seconds
_CHANNEL: Final = 0


class State(Enum):
    """How far a session has come."""

    OPENING = "opening"
    OPEN = "open"
    """Each end knows that the other knows it."""
    CLOSED = "closed"
    """By the other end."""
    LOST = "lost"
    """The other end has fallen silent, or never answered."""


_ENDED: Final = frozenset({State.CLOSED, State.LOST})


class PipeSession:
    """The state towards one other end."""

    def __init__(
        self,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
        timeout: float = 10.0,
        peer: bytes = NO_ID,
    ) -> None:
        """Begin to look for the other end.

        Args:
            random_bytes: Gives so many bytes that nobody can guess.
            now: Clock, seconds.
            timeout: Seconds until the other end must have answered.
            peer: Id of the other end where its HELLO came first.
        """
        self.own_id = random_bytes(ID_SIZE)
        """What datagrams for this session carry."""
        self.state = State.OPENING
        self._peer_id = peer
        self._cookie = NO_COOKIE
        self._delivery = PeerDelivery(
            MAX_DATAGRAM - HEADER_SIZE, MemoryBudget(REASSEMBLY_TOTAL), now=now
        )
        self._hello_at: float | None = now
        self._hello_step = _FIRST_HELLO
        self._deadline = now + timeout  # of the answer; then of the next sign of life
        self._ask_at = now + KEEPALIVE
        self._replies: list[bytes] = []

    @property
    def rtt(self) -> RttEstimator:
        """Round-trip time to the other end."""
        return self._delivery.rtt

    @property
    def queued_bytes(self) -> int:
        """Reliable payload that waits to be sent for the first time."""
        return self._delivery.queued_bytes

    @property
    def is_idle(self) -> bool:
        """Tell whether everything reliable was acknowledged."""
        return self._delivery.is_idle

    def push(self, data: bytes, mode: Mode) -> None:
        """Queue a message."""
        self._delivery.push(data, mode, _CHANNEL)

    def consume(self, size: int) -> None:
        """Note that the application has taken a reliable message of `size` bytes."""
        self._delivery.consume(size)

    def probe(self) -> None:
        """Send something soon, so that the other end learns where we are now."""
        self._delivery.ping()

    def change_path(self, *, now: float) -> None:
        """Forget what was measured: the datagrams take another path now."""
        self._delivery.change_path(now=now)

    def receive_datagram(self, data: bytes, *, now: float) -> list[Delivered]:
        """Take in a datagram; return the messages it completes.

        Raises:
            ParseError: It was not acted upon; the source is no proof of a new address then.
        """
        if self.state in _ENDED:
            raise ParseError(DropReason.UNKNOWN_SESSION)
        match decode(data):
            case Frame(self.own_id, payload) if self._peer_id != NO_ID:
                messages = self._delivery.receive(payload, now=now)
                self._open()
            case Hello() as hello:
                self._take_hello(hello, now)
                messages = []
            case Cookie(self.own_id, cookie) if self._cookie == NO_COOKIE:
                self._cookie = cookie
                self._hello_at = now
                return []
            case Close(self.own_id):
                self._end(State.CLOSED)
                return []
            case _:
                raise ParseError(DropReason.UNKNOWN_SESSION)
        if self.state is State.OPEN:
            self._deadline = now + IDLE
            self._ask_at = now + KEEPALIVE
        return messages

    def close(self, *, now: float) -> list[bytes]:
        """End the session; return what tells the other end that, and what has arrived here."""
        if self.state in _ENDED:
            return []
        datagrams = []
        if self._peer_id != NO_ID:
            self._delivery.ping()  # takes along what is still to be acknowledged
            datagrams = [*self.datagrams_to_send(now=now), encode_close(self._peer_id)]
        self._end(State.CLOSED)
        return datagrams

    def next_timeout(self, *, now: float) -> float | None:
        """Return when `handle_timeout` or `datagrams_to_send` next has work."""
        if self.state in _ENDED:
            return None
        if self._replies:
            return now
        deadlines = [self._deadline]
        if self._hello_at is not None:
            deadlines.append(self._hello_at)
        if self.state is State.OPEN:
            deadlines.append(self._ask_at)
        work_at = self._delivery.next_timeout(now=now) if self._peer_id != NO_ID else None
        return min(deadlines) if work_at is None else min(*deadlines, work_at)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        if self.state in _ENDED:
            return
        if now >= self._deadline:
            self._end(State.LOST)
            return
        if self.state is State.OPEN and now >= self._ask_at:
            self._ask_at = now + KEEPALIVE / 3
            self._delivery.ping()
        self._delivery.handle_timeout(now=now)

    def datagrams_to_send(self, *, now: float) -> list[bytes]:
        """Return the datagrams that go out now."""
        if self.state in _ENDED:
            return []
        datagrams, self._replies = self._replies, []
        if self._hello_at is not None and now >= self._hello_at:
            datagrams.append(self._hello())
            self._hello_at = now + self._hello_step
            self._hello_step = min(_LONGEST_HELLO, 2 * self._hello_step)
        if self._peer_id != NO_ID:
            payloads = self._delivery.payloads_to_send(now=now)
            datagrams += [encode_frame(self._peer_id, payload) for payload in payloads]
        return datagrams

    def _take_hello(self, hello: Hello, now: float) -> None:
        if hello.own == self.own_id:  # our own, thrown back
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        is_other = self._peer_id not in {NO_ID, hello.own}
        if is_other or hello.peer not in {NO_ID, self.own_id}:
            raise ParseError(DropReason.UNKNOWN_SESSION)
        if self._peer_id == NO_ID:
            self._peer_id = hello.own
            self._hello_at = now
        if hello.peer == self.own_id:
            self._open()
            self._delivery.ping()
        elif not self._replies:
            self._replies.append(self._hello())

    def _hello(self) -> bytes:
        return encode_hello(Hello(self.own_id, self._peer_id, self._cookie))

    def _open(self) -> None:
        if self.state is State.OPENING:
            self.state = State.OPEN
            self._hello_at = None

    def _end(self, state: State) -> None:
        if self.state not in _ENDED:
            self.state = state
            self._delivery.close()
