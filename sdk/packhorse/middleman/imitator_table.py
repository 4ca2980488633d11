"""Which peers are imitated, from which address, and which of them have been idle for too long.

An imitator is a socket that stands for one peer, so that the application sees each peer as
another address. One that is idle is closed; its address is kept, because to the application
another address would be another peer.
"""

from dataclasses import dataclass

from packhorse.aio.udp import SocketAddress
from packhorse.core.events import PeerId


@dataclass(slots=True, eq=False)
class Slot:
    """What is known of one imitator."""

    peer: PeerId
    last_traffic: float
    """Seconds, monotonic: when it last carried a datagram, either way."""
    address: SocketAddress | None = None
    """Where its socket is bound, or was when it was open last."""
    is_open: bool = False
    retry_at: float = 0.0
    """Seconds, monotonic: when to try again to open it after the system refused."""


class ImitatorTable:
    """Slots by peer; as many as its user adds, who asks the roster first."""

    def __init__(self, idle_after: float) -> None:
        """Make an empty table.

        Args:
            idle_after: Seconds without traffic after which an imitator is closed.
        """
        self._idle_after = idle_after
        self._slots: dict[PeerId, Slot] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, peer: PeerId, *, now: float) -> Slot:
        """Return a new, closed slot."""
        slot = self._slots[peer] = Slot(peer, now)
        return slot

    def remove(self, peer: PeerId) -> None:
        """Forget a peer and its address; harmless when it is not known."""
        self._slots.pop(peer, None)

    def opened(self, slot: Slot, address: SocketAddress, *, now: float) -> None:
        """Note that the imitator's socket is open and bound to `address`."""
        slot.address = address
        slot.is_open = True
        slot.last_traffic = now

    def is_kept_for_other(self, address: SocketAddress, slot: Slot) -> bool:
        """Tell whether `address` waits for the return of another peer's imitator."""
        return any(other.address == address and other is not slot for other in self._slots.values())

    def close_idle(self, *, now: float) -> list[PeerId]:
        """Close the slots that are idle and return their peers."""
        idle = [
            slot
            for slot in self._slots.values()
            if slot.is_open and now >= slot.last_traffic + self._idle_after
        ]
        for slot in idle:
            slot.is_open = False
        return [slot.peer for slot in idle]

    def next_timeout(self) -> float | None:
        """Return when an imitator is idle at the earliest, or None.

        Complexity: O(peers); not meant for every datagram.
        """
        open_slots = [slot.last_traffic for slot in self._slots.values() if slot.is_open]
        return min(open_slots) + self._idle_after if open_slots else None
