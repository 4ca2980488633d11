"""What a middleman tells besides the events of its room."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from packhorse.aio.udp import SocketAddress
from packhorse.core.streams.format import ResetReason

TELL_INTERVAL: Final = 5.0  # seconds between notices of one kind


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


@dataclass(frozen=True, slots=True)
class ServiceMissing:
    """The host does not offer a service that was asked for; told once."""

    protocol: str
    """`udp` or `tcp`."""
    number: int
    """Which `--udp` or `--tcp`, from 1."""
    offered: int
    """How many of them the host offers."""


@dataclass(frozen=True, slots=True)
class HostSilent:
    """The host has not told its services, nor did the relay say that it is lost; told once.

    It runs another program, or has stopped so lately that the relay waits for it yet.
    """


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """A TCP connection could not be carried, and was reset; told at most every 5 s."""

    address: SocketAddress
    """Where the application had connected to."""
    reason: ResetReason


@dataclass(frozen=True, slots=True)
class TooManyConnections:
    """A TCP connection found no place, and was reset; told at most every 5 s."""

    address: SocketAddress
    """Where the application had connected to."""
    limit: int
    """Connections at a time."""


Notice: TypeAlias = (
    NothingListens
    | PayloadTooLarge
    | ApplicationFound
    | ApplicationsCollide
    | ApplicationUnreachable
    | ServiceMissing
    | HostSilent
    | ConnectionFailed
    | TooManyConnections
)
