"""What carries the messages of a pipe."""

from enum import StrEnum
from typing import NamedTuple

from packhorse.wire.address import TransportAddress


class PathKind(StrEnum):
    """By what way two ends reach each other."""

    RELAY = "relay"
    """Through a Packhorse relay."""
    DIRECT = "direct"
    """UDP from end to end."""
    TURN = "turn"
    """Through a TURN server."""
    TCP = "tcp"
    """TCP from end to end."""


class PipePath(NamedTuple):
    """The way that the messages of a pipe take now."""

    kind: PathKind
    local: TransportAddress | None
    """Own address, as far as it is known; of TURN the relayed one."""
    remote: TransportAddress | None
    """Where datagrams go: the other end, or the relay."""
    rtt: float | None
    """Smoothed round-trip time end to end, seconds; None before the first sample."""


class Strategy(StrEnum):
    """A way that `open_pipe` may take."""

    DIRECT = "direct"
    """To an address of the other end."""
    REVERSE = "reverse"
    """The other end to an address of ours."""
    PUNCH = "punch"
    """Both at once, so that NATs let them through."""
    RELAY = "relay"
    """Through the relay."""
