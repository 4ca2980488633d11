"""A room that a test feeds: the same face as `Room`, without a relay."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

from packhorse.core.delivery.hub import PeerStatistics
from packhorse.core.events import HOST, Event, Message, PeerId
from packhorse.wire.constants import Mode
from packhorse.wire.errors import LocalProtocolError, PackhorseError

if TYPE_CHECKING:
    from packhorse.wire.constants import DropReason


class FakeRoom:
    """Tells `events`, then ends: with `error`, or as if left."""

    def __init__(
        self, events: Iterable[Event] = (), *, error: PackhorseError | None = None
    ) -> None:
        self.on_message: Callable[[Message], None] | None = None
        self.peer_id = HOST
        self.peers = frozenset({PeerId(2), PeerId(3)})
        self.max_payload = 1194
        self.rtt: float | None = None
        self.drops: Counter[DropReason] = Counter()
        self.sent: list[tuple[bytes, int]] = []
        self.sent_in_full: list[tuple[bytes, int, Mode, int]] = []
        """Message, peer, mode and channel."""
        self.has_place = True
        self.queued_bytes = 0
        self.on_progress: Callable[[], None] | None = None
        self._events = iter(events)
        self._error = error

    def try_send(
        self, data: bytes, *, to: int, mode: Mode = Mode.UNRELIABLE, channel: int = 0
    ) -> bool:
        """Take a message as a room does."""
        if mode is Mode.RELIABLE and to not in self.peers:
            raise LocalProtocolError(f"peer {to} is not in the room")
        if self.has_place:
            self.sent.append((data, to))
            self.sent_in_full.append((data, to, mode, channel))
        return self.has_place

    def peer_statistics(self, peer: int) -> PeerStatistics:  # noqa: ARG002
        """Return how much waits; the rest was never measured."""
        return PeerStatistics(None, 0.0, 0.0, self.queued_bytes)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event."""
        for event in self._events:
            return event
        raise self._error or StopAsyncIteration
