"""What an allocation tells its application."""

from dataclasses import dataclass

from packhorse.wire.address import TransportAddress


@dataclass(frozen=True, slots=True)
class AllocationLost:
    """The server has forgotten the allocation, or does not answer; a new one is sought."""

    reason: str


@dataclass(frozen=True, slots=True)
class AllocationRenewed:
    """There is an allocation again, with another relayed address.

    The peers of pipes with a mode learn it from the next datagram, unless their address has
    changed as well: then both must be told the other's, see `Allocation.redirect`.
    """

    relayed_address: TransportAddress


@dataclass(frozen=True, slots=True)
class AllocationFailed:
    """No new allocation could be had for a minute; all pipes have ended."""

    reason: str


TurnEvent = AllocationLost | AllocationRenewed | AllocationFailed
