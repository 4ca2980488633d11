"""Datagrams of one pipe through a TURN server."""

from typing import TYPE_CHECKING

from packhorse.pipes.paths import PathKind
from packhorse.wire.address import TransportAddress

if TYPE_CHECKING:
    from packhorse.turn.allocation import Allocation


class TurnCarrier:
    """One peer of an allocation."""

    kind = PathKind.TURN

    def __init__(self, allocation: "Allocation", peer: TransportAddress) -> None:
        self._allocation = allocation
        self._peer = peer

    @property
    def local(self) -> TransportAddress:
        """The relayed address."""
        return self._allocation.relayed_address

    @property
    def remote(self) -> TransportAddress:
        """The peer's."""
        return self._peer

    def send(self, data: bytes) -> bool:
        """Send a datagram; False when that is impossible now."""
        return self._allocation.send_to(self._peer, data)

    def move(self, address: TransportAddress) -> None:
        """Send to another address from now on; its channel is bound first."""
        old, self._peer = self._peer, address
        self._allocation.move(old, address)

    async def aclose(self) -> None:
        """Let the allocation forget the peer."""
        self._allocation.leave(self._peer)
