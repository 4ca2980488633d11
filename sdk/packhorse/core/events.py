"""What a session tells its application."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

from packhorse.core.stages import Stage
from packhorse.wire import header
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import Mode
from packhorse.wire.errors import PackhorseError

PeerId = NewType("PeerId", int)

HOST = PeerId(header.HOST)
EVERYBODY = PeerId(0)
"""Destination that names all other members."""


class Message(NamedTuple):
    """Bytes from another peer."""

    data: bytes
    source: PeerId
    """Peer id, stamped by the relay."""
    mode: Mode = Mode.UNRELIABLE
    channel: int = 0
    """0..255."""


class Path(StrEnum):
    """What carries the datagrams of a membership."""

    RELAY_UDP = "relay_udp"
    RELAY_WEBSOCKET = "relay_websocket"


@dataclass(frozen=True, slots=True)
class StageChanged:
    """Joining has come to another stage, the last before `Joined` included."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Joined:
    """The session exists and the roster is known."""


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """A peer is a member of the room now."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """A peer is no member any more; its id comes back only when it was restarted."""

    peer: PeerId
    code: int = 0
    """0 it left or the cause is unknown; else an `ErrorCode`."""


@dataclass(frozen=True, slots=True)
class PeerLost:
    """The relay has not heard a peer for a while; it may come back."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerFound:
    """A lost peer is back."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerPathChanged:
    """What is sent to a peer takes another path now; nothing of it is lost by that."""

    peer: PeerId
    address: TransportAddress | None
    """Where it goes directly; None: over the relay."""


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """Somebody waits until the host admits or refuses them, for at most 30 seconds."""

    request: int
    """For `Room.admit` and `Room.refuse`."""
    name: str
    """Who they say they are; anything up to 64 bytes, control characters included."""


@dataclass(frozen=True, slots=True)
class PathChanged:
    """The relay is reached another way, or sees this side at another address."""

    path: Path
    """What carries the datagrams now."""
    address: TransportAddress
    """Own address as the relay sees it now."""


@dataclass(frozen=True, slots=True)
class SessionLost:
    """Nothing valid came from the relay for a while, or it has forgotten the session.

    It may come back: what is sent reliably waits.
    """


@dataclass(frozen=True, slots=True)
class SessionResumed:
    """The relay answers again; the room goes on as before."""


@dataclass(frozen=True, slots=True)
class RelayDraining:
    """The relay is about to stop: it opens no rooms, and all sessions end soon."""

    seconds: float
    """Until then at most."""


@dataclass(frozen=True, slots=True)
class Limited:
    """The relay dropped data of this side, which sends more than it allows."""

    bytes_per_second: int
    """What is allowed; a message to several counts once for each of them."""
    datagrams_per_second: int
    """Likewise."""
    dropped: int
    """Datagrams since the last such event."""


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """A request such as a kick has ended."""

    request: int
    """What the command returned."""
    code: int | None
    """0 done, an `ErrorCode`, or None when no answer came."""


@dataclass(frozen=True, slots=True)
class PingAnswered:
    """A peer has answered a ping."""

    ping: int
    """What the command returned."""
    rtt: float
    """Round-trip time, end to end, in seconds."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The session has ended; no event follows."""

    error: PackhorseError | None
    """None when this side left."""


PeerEvent = PeerJoined | PeerLeft | PeerLost | PeerFound
Event = (
    PeerEvent
    | Message
    | StageChanged
    | Joined
    | JoinRequested
    | PathChanged
    | PeerPathChanged
    | SessionLost
    | SessionResumed
    | RelayDraining
    | Limited
    | RequestEnded
    | PingAnswered
    | Closed
)
