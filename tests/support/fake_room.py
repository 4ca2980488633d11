"""A room that a test feeds: the same face as `Room`, without a relay."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

from packhorse.core.events import HOST, Event, Message, PeerId
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
        self.has_place = True
        self._events = iter(events)
        self._error = error

    def try_send(self, data: bytes, *, to: int) -> bool:
        """Take a message as a room does."""
        if not 1 <= len(data) <= self.max_payload:
            raise LocalProtocolError(f"payload of {len(data)} bytes")
        if self.has_place:
            self.sent.append((data, to))
        return self.has_place

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event."""
        for event in self._events:
            return event
        raise self._error or StopAsyncIteration
