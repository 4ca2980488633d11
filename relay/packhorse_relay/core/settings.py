"""What an operator may change about the relay's behaviour."""

from dataclasses import dataclass

from packhorse.wire import constants as c
from packhorse.wire.errors import ConfigurationError

TICKET_MODES = ("off", "create", "all")
_RANGES = {
    "max_datagram": (256, c.MAX_DATAGRAM),
    "max_peers": (2, c.MAX_PEERS_HARD),
    "ping_interval": (0.1, 60),
    "lost_after": (1, 600),
    "client_removed_after": (1, 3600),
    "host_removed_after": (1, 3600),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits and timers of a relay; the defaults are those of SPEC.md sections 8 and 10."""

    max_datagram: int = c.MAX_DATAGRAM_DEFAULT
    """Bytes; what GRANT offers a member at most, 256..1406."""
    hello_rate: float = c.HELLO_RATE
    """HELLOs per second and source."""
    reply_rate: float = c.REPLY_RATE
    """Replies to unproven addresses per second and source."""
    reply_rate_total: float = c.REPLY_RATE_TOTAL
    """Replies to unproven addresses per second in all."""
    create_rate: float = c.CREATE_RATE
    """CREATEs per minute and source."""
    join_rate: float = c.JOIN_RATE
    """JOINs per minute and source."""
    join_failures: float = c.JOIN_FAILURES
    """Denied JOINs per minute and source before the source is blocked."""
    join_failures_total: float = c.JOIN_FAILURES_TOTAL
    """Denied JOINs per second in all."""
    block_first: float = c.BLOCK_FIRST
    """Seconds; doubles with each block."""
    block_longest: float = c.BLOCK_LONGEST
    """Seconds."""
    rooms_per_source: int = c.ROOMS_PER_SOURCE
    """Live rooms created from one source."""
    sessions_per_source: int = c.SESSIONS_PER_SOURCE
    """Live sessions of one source."""
    max_rooms: int = c.MAX_ROOMS
    """Live rooms in all."""
    max_sessions: int = c.MAX_SESSIONS
    """Live sessions in all."""
    max_peers: int = c.MAX_PEERS
    """Members of one room, host included; at most 1024."""
    tickets: str = "off"
    """Who needs a ticket or the access key: "off" nobody, "create" hosts, "all" everybody."""
    ping_interval: float = c.PING_INTERVAL
    """Seconds between a member's PINGs."""
    lost_after: float = c.LOST_AFTER
    """Seconds without SEAL until a peer is shown as lost."""
    client_removed_after: float = c.CLIENT_REMOVED_AFTER
    """Seconds without SEAL until a client is removed."""
    host_removed_after: float = c.HOST_REMOVED_AFTER
    """Seconds without SEAL until the host is removed and the room closed."""

    def __post_init__(self) -> None:
        """Refuse what GRANT cannot carry.

        Raises:
            ConfigurationError: A value is out of range.
        """
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigurationError(f"{name} is {value}, must be {least}..{most}")
        if self.tickets not in TICKET_MODES:
            modes = ", ".join(TICKET_MODES)
            raise ConfigurationError(f"tickets is {self.tickets!r}, must be one of {modes}")

    def removed_after(self, peer: int) -> float:
        """Return the seconds without SEAL after which the peer is removed."""
        return self.host_removed_after if peer == 1 else self.client_removed_after
