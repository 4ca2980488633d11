"""What a middleman tells besides the events of its room."""

from dataclasses import dataclass
from typing import TypeAlias

from packhorse.aio.udp import SocketAddress


@dataclass(frozen=True, slots=True)
class NothingListens:
    """The application's port is closed; told again only after it was open."""

    address: SocketAddress
    has_listened: bool
    """It was open before."""


@dataclass(frozen=True, slots=True)
class PayloadTooLarge:
    """A datagram of the application is too large for the room; told once."""

    size: int
    """Bytes; at least so many when `is_cut`."""
    max_size: int
    """Bytes that the room takes."""
    is_cut: bool
    """The datagram was longer than we read."""


@dataclass(frozen=True, slots=True)
class ApplicationFound:
    """The application has sent from an address that is new; answers go there from now on."""

    address: SocketAddress


@dataclass(frozen=True, slots=True)
class ApplicationsCollide:
    """Two applications use the port in turn, and take the answers from each other; told once."""

    addresses: tuple[SocketAddress, SocketAddress]


@dataclass(frozen=True, slots=True)
class ApplicationUnreachable:
    """The system refuses to send to the application, or has no socket for that; told once."""

    address: SocketAddress
    problem: str
    """What the system says."""


Notice: TypeAlias = (
    NothingListens
    | PayloadTooLarge
    | ApplicationFound
    | ApplicationsCollide
    | ApplicationUnreachable
)
