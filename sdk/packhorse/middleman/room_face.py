"""What a middleman needs of a room: `Room` and `LegacyRoom` both have it."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol, Self

from packhorse.core.events import Event, Message, PeerId
from packhorse.wire.constants import DropReason


class RoomFace(Protocol):
    """A membership that carries messages and tells who comes and goes."""

    on_message: Callable[[Message], None] | None
    """Called with each message as it comes; while set, messages are not iterated over."""

    @property
    def peer_id(self) -> PeerId:
        """Own peer id; the host is 1."""

    @property
    def peers(self) -> frozenset[PeerId]:
        """Ids of all other members."""

    @property
    def max_payload(self) -> int:
        """Largest message, bytes."""

    @property
    def rtt(self) -> float | None:
        """Smoothed round-trip time to the relay in seconds; None when not known."""

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were received but not acted upon, by reason."""

    def try_send(self, data: bytes, *, to: int) -> bool:
        """Send a message at once; False when the system has no place for it now."""

    def __aiter__(self) -> Self:
        """Iterate over events; ends when left, raises when something ended the session."""

    async def __anext__(self) -> Event:
        """Return the next event."""
