"""What a middleman needs of a room: `Room` has all of it, `LegacyRoom` what UDP needs."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol, Self, runtime_checkable

from packhorse.core.delivery.hub import PeerStatistics
from packhorse.core.events import Event, Message, PeerId
from packhorse.wire.constants import DropReason, Mode


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


@runtime_checkable
class DeliveryRoom(RoomFace, Protocol):
    """A room with channels and reliable messages, as more than one service needs it."""

    on_progress: Callable[[], None] | None
    """Called after something was sent or received: there may be place for more."""

    def try_send(
        self, data: bytes, *, to: int, mode: Mode = Mode.UNRELIABLE, channel: int = 0
    ) -> bool:
        """Send a message at once; False when there is no place for it now."""

    def peer_statistics(self, peer: int) -> PeerStatistics:
        """Return, among others, how much waits to be sent to a peer."""
