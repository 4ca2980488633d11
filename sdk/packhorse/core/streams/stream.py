"""One TCP connection between two middlemen, as the one at this end sees it.

Both directions end on their own, as in TCP: FIN says that no more comes. When both have
ended and everything was handed over here, this end says CLOSED. Anything that breaks the
connection is a RESET, which the other end answers. The state is about who has said what;
what is said is handed out later, in order, by `next_message`.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final

from packhorse.core.streams.format import (
    CLOSED,
    FIN,
    INITIAL_WINDOW,
    OPENED,
    ResetReason,
    StreamKind,
    StreamMessage,
    encode_data,
    encode_open,
    encode_reset,
    encode_window,
    known_reason,
)
from packhorse.core.streams.window import GrowthBudget, ReceiveWindow
from packhorse.wire.errors import LocalProtocolError


class StreamState(Enum):
    """Who has said what."""

    OPEN = "open"
    WE_FINISHED = "we finished"
    """We have sent FIN."""
    THEY_FINISHED = "they finished"
    """Their FIN has come."""
    FLUSHING = "flushing"
    """Both; the program here has yet to take what came."""
    FLUSHING_LAST = "flushing last"
    """The same, and the other end has said CLOSED already."""
    CLOSING = "closing"
    """We have said our last; theirs is to come."""
    GONE = "gone"
    """Both have said their last."""


class StreamCause(Enum):
    """What moves a stream to another state."""

    FINISHED = "finished"
    """The program here sends no more."""
    FLUSHED = "flushed"
    """It has taken everything."""
    ABORTED = "aborted"
    """It has broken the connection off, or we have."""
    FIN = "their fin"
    CLOSED = "their closed"
    RESET = "their reset"


TRANSITIONS: Final = {
    (StreamState.OPEN, StreamCause.FINISHED): StreamState.WE_FINISHED,
    (StreamState.OPEN, StreamCause.FIN): StreamState.THEY_FINISHED,
    (StreamState.OPEN, StreamCause.ABORTED): StreamState.CLOSING,
    (StreamState.OPEN, StreamCause.RESET): StreamState.GONE,
    (StreamState.WE_FINISHED, StreamCause.FIN): StreamState.FLUSHING,
    (StreamState.WE_FINISHED, StreamCause.ABORTED): StreamState.CLOSING,
    (StreamState.WE_FINISHED, StreamCause.RESET): StreamState.GONE,
    (StreamState.THEY_FINISHED, StreamCause.FINISHED): StreamState.FLUSHING,
    (StreamState.THEY_FINISHED, StreamCause.ABORTED): StreamState.CLOSING,
    (StreamState.THEY_FINISHED, StreamCause.RESET): StreamState.GONE,
    (StreamState.FLUSHING, StreamCause.FLUSHED): StreamState.CLOSING,
    (StreamState.FLUSHING, StreamCause.CLOSED): StreamState.FLUSHING_LAST,
    (StreamState.FLUSHING, StreamCause.ABORTED): StreamState.CLOSING,
    (StreamState.FLUSHING, StreamCause.RESET): StreamState.GONE,
    (StreamState.FLUSHING_LAST, StreamCause.FLUSHED): StreamState.GONE,
    (StreamState.FLUSHING_LAST, StreamCause.ABORTED): StreamState.GONE,
    (StreamState.CLOSING, StreamCause.CLOSED): StreamState.GONE,
    (StreamState.CLOSING, StreamCause.RESET): StreamState.GONE,
}

_MAY_SEND: Final = frozenset({StreamState.OPEN, StreamState.THEY_FINISHED})
_MAY_RECEIVE: Final = frozenset({StreamState.OPEN, StreamState.WE_FINISHED})
_ENDED: Final = frozenset({StreamState.CLOSING, StreamState.GONE})
_BOTH_FINISHED: Final = frozenset({StreamState.FLUSHING, StreamState.FLUSHING_LAST})
_JOINED: Final = 512  # bytes; what comes in smaller pieces is kept together
_CAUSES: Final = {
    StreamKind.FIN: StreamCause.FIN,
    StreamKind.CLOSED: StreamCause.CLOSED,
    StreamKind.RESET: StreamCause.RESET,
}


class Stream:
    """Bytes and ends of a connection; the shell moves them from and to a socket."""

    __slots__ = (
        "_has_grant",
        "_inbox",
        "_on_ready",
        "_outbox",
        "_send_credit",
        "_window",
        "channel",
        "failure",
        "is_confirmed",
        "is_opener",
        "is_queued",
        "peer",
        "service",
        "state",
    )

    def __init__(
        self,
        key: tuple[int, int],
        service: int,
        budget: GrowthBudget,
        on_ready: Callable[["Stream"], None],
        *,
        is_opener: bool,
        now: float,
    ) -> None:
        """Open a stream, or take one that the other end has opened.

        Args:
            key: Peer and channel.
            service: Which one of the host's, from 0.
            budget: What the windows of all streams may grow by.
            on_ready: Called when `next_message` has something again.
            is_opener: This end opens it.
            now: Seconds, monotonic.
        """
        self.peer, self.channel = key
        self.service = service
        self.is_opener = is_opener
        self.state = StreamState.OPEN
        self.failure: ResetReason | None = None
        """Why it was broken off, unless the program here did it."""
        self.is_confirmed = not is_opener
        """The other end has answered."""
        self.is_queued = False
        """Its owner knows that it has something to send."""
        self._on_ready = on_ready
        self._window = ReceiveWindow(budget, now=now)
        self._send_credit = INITIAL_WINDOW
        self._inbox: deque[bytes] = deque()
        self._outbox: deque[bytes] = deque()
        self._has_grant = False  # the first of the outbox is a WINDOW
        if is_opener:
            self._say(encode_open(service))

    @property
    def allowance(self) -> int:
        """Bytes that may be read from the program here now; 0 for none."""
        if self._outbox or self.state not in _MAY_SEND:
            return 0
        return max(0, self._send_credit)

    @property
    def is_input_ended(self) -> bool:
        """Tell whether the program here has everything that will ever come."""
        return self.state not in _MAY_RECEIVE and not self._inbox

    @property
    def is_finished(self) -> bool:
        """Tell whether both directions have ended, in order."""
        return self.state in _BOTH_FINISHED

    @property
    def is_ended(self) -> bool:
        """Tell whether nothing is to be moved any more."""
        return self.state in _ENDED

    @property
    def is_over(self) -> bool:
        """Tell whether the channel is free again."""
        return self.state is StreamState.GONE and not self._outbox

    def confirm(self) -> None:
        """Tell the other end that the service has taken the connection."""
        if not self.is_ended:
            self._say(OPENED)

    def send(self, data: bytes) -> None:
        """Take what the program here has sent, at least one byte.

        Raises:
            LocalProtocolError: This direction has ended.
        """
        if self.state not in _MAY_SEND:
            raise LocalProtocolError(f"sending is illegal while {self.state.value}")
        self._send_credit -= len(data)
        self._say(encode_data(data))

    def finish(self) -> None:
        """Note that the program here sends no more; harmless when this direction has ended."""
        if self._advance(StreamCause.FINISHED):
            self._say(FIN)

    def take(self, *, now: float) -> bytes | None:
        """Return the next bytes for the program here, or None; they count as taken."""
        if not self._inbox:
            return None
        data = self._inbox.popleft()
        self._window.consume(len(data), now=now)
        self._offer_grant()
        return data

    def flushed(self) -> None:
        """Note that the program here has taken all; harmless unless both have finished."""
        if self._advance(StreamCause.FLUSHED):
            self._say(CLOSED)
            self._window.close()

    def abort(self, reason: ResetReason = ResetReason.RESET) -> None:
        """Break the connection off; harmless when it has ended."""
        is_unheard_of = bool(self._outbox) and self._outbox[0][0] == StreamKind.OPEN
        if not self._advance(StreamCause.ABORTED):
            return
        self._discard()
        if is_unheard_of:
            self.state = StreamState.GONE
        else:
            self._say(encode_reset(reason))

    def fail(self, reason: ResetReason) -> None:
        """Break the connection off for a reason that the program here must see."""
        if not self.is_ended:
            self.failure = reason
            self.abort(reason)

    def vanish(self) -> None:
        """Note that the other end has left the room: nobody is there to say anything to."""
        if not self.is_ended:
            self.failure = ResetReason.PEER_LEFT
        self.state = StreamState.GONE
        self._discard()

    def receive(self, message: StreamMessage) -> None:
        """Act upon a message of the other end other than OPEN."""
        self.is_confirmed = True
        kind = message.kind
        if kind is StreamKind.DATA:
            self._receive_data(message.data)
        elif kind is StreamKind.WINDOW:
            self._send_credit += message.value
        elif kind in _CAUSES:
            self._receive_end(_CAUSES[kind], message.value)

    def peek(self) -> bytes | None:
        """Return the next message to the other end, or None; `advance` takes it off."""
        return self._outbox[0] if self._outbox else None

    def advance(self) -> None:
        """Note that the message was sent."""
        self._outbox.popleft()
        self._has_grant = False
        self._offer_grant()

    def _receive_data(self, data: bytes) -> None:
        if self.state is StreamState.CLOSING:  # it was under way when we ended
            return
        if self.state not in _MAY_RECEIVE or not self._window.receive(len(data)):
            self.fail(ResetReason.PROTOCOL)
        elif data:
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        """Let data wait; a flood of tiny pieces must not take more than the window says."""
        if self._inbox and len(self._inbox[-1]) + len(data) <= _JOINED:
            data = self._inbox.pop() + data
        self._inbox.append(data)

    def _receive_end(self, cause: StreamCause, value: int) -> None:
        was_ended = self.is_ended
        if not self._advance(cause):
            if not was_ended:
                self.fail(ResetReason.PROTOCOL)
        elif cause is StreamCause.RESET and not was_ended:
            self.failure = known_reason(value)
            self._discard()
            self._say(encode_reset(ResetReason.RESET))

    def _advance(self, cause: StreamCause) -> bool:
        """Go to the next state; False when the cause is illegal in this one."""
        state = TRANSITIONS.get((self.state, cause))
        if state is None:
            return False
        self.state = state
        return True

    def _offer_grant(self) -> None:
        """Put a WINDOW before everything else when one is due."""
        if self._has_grant or self.state not in _MAY_RECEIVE or not self._window.is_grant_due:
            return
        self._has_grant = True
        self._outbox.appendleft(encode_window(self._window.take_grant()))
        self._tell_ready()

    def _discard(self) -> None:
        self._outbox.clear()
        self._inbox.clear()
        self._has_grant = False
        self._window.close()

    def _say(self, message: bytes) -> None:
        self._outbox.append(message)
        self._tell_ready()

    def _tell_ready(self) -> None:
        if not self.is_queued:
            self._on_ready(self)
