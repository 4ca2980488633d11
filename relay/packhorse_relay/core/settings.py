"""What an operator may change about the relay's behaviour."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from packhorse.wire import constants as c
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.header import HOST
from packhorse_relay.core.data_budget import UNLIMITED, DataRate

TICKET_MODES: Final = ("off", "create", "all")
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "max_datagram": (256, c.MAX_DATAGRAM),
    "max_peers": (2, c.MAX_PEERS_HARD),
    "ping_interval": (0.1, 60),
    "lost_after": (1, 600),
    "client_removed_after": (1, 3600),
    "host_removed_after": (1, 3600),
    "client_byte_rate": (1, UNLIMITED.octets),
    "client_datagram_rate": (1, UNLIMITED.datagrams),
    "host_byte_rate": (1, UNLIMITED.octets),
    "host_datagram_rate": (1, UNLIMITED.datagrams),
    "drain_time": (0, 3600),
}
_NOT_NEGATIVE: Final = (0, math.inf)
_CONSENTS: Final = 4  # proofs of an address that are asked for within the time of removal


def range_of(name: str) -> tuple[float, float]:
    """Return the least and the most that a number may be."""
    return _RANGES.get(name, _NOT_NEGATIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits and timers of a relay; the defaults are those of SPEC.md sections 8 and 10."""

    max_datagram: int = c.MAX_DATAGRAM_DEFAULT
    """Bytes; what GRANT offers a member at most, 256..1406."""
    hello_rate: float = c.HELLO_RATE
    """HELLOs per second and source."""
    reply_rate: float = c.REPLY_RATE
    """Answers per second and source, for each of the budgets of SPEC.md 4.5."""
    reply_rate_total: float = c.REPLY_RATE_TOTAL
    """Likewise, for all sources together."""
    create_rate: float = c.CREATE_RATE
    """CREATEs per minute and source."""
    join_rate: float = c.JOIN_RATE
    """JOINs per minute and source."""
    bind_rate: float = c.BIND_RATE
    """BINDs per second and source; 32 seconds' worth at once."""
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
    tickets: str = field(default="off", metadata={"choices": TICKET_MODES})
    """Who needs a ticket or the access key: "off" nobody, "create" hosts, "all" everybody."""
    ping_interval: float = c.PING_INTERVAL
    """Seconds between a member's PINGs."""
    lost_after: float = c.LOST_AFTER
    """Seconds without SEAL until a peer is shown as lost."""
    client_removed_after: float = c.CLIENT_REMOVED_AFTER
    """Seconds without SEAL until a client is removed."""
    host_removed_after: float = c.HOST_REMOVED_AFTER
    """Seconds without SEAL until the host is removed and the room closed."""
    drain_time: float = c.DRAIN_TIME
    """Seconds that the members have to end their rooms when the relay is to stop."""

    client_byte_rate: float = c.CLIENT_BYTE_RATE
    """Bytes of data per second that a client may send, every copy counted."""
    client_datagram_rate: float = c.CLIENT_DATAGRAM_RATE
    """Datagrams of data per second that a client may send, every copy counted."""
    host_byte_rate: float = c.HOST_BYTE_RATE
    """Bytes of data per second that a host may send, every copy counted."""
    host_datagram_rate: float = c.HOST_DATAGRAM_RATE
    """Datagrams of data per second that a host may send, every copy counted."""

    websocket_connections_per_source: int = c.WS_CONNECTIONS_PER_SOURCE
    """WebSocket connections of one source."""
    websocket_max_connections: int = c.WS_CONNECTIONS
    """WebSocket connections in all; the limit on open files may allow fewer."""
    websocket_accept_rate: float = c.WS_ACCEPT_RATE
    """New connections per second in all; twice as many at once."""
    websocket_control_rate: float = c.WS_CONTROL_RATE
    """Control frames and fragments per second and connection; twice as many at once."""
    websocket_open_timeout: float = c.WS_OPEN_TIMEOUT
    """Seconds until a TCP connection must be an open WebSocket, TLS included."""
    websocket_join_timeout: float = c.WS_JOIN_TIMEOUT
    """Seconds that a connection may be without a session."""
    websocket_stall_timeout: float = c.WS_STALL_TIMEOUT
    """Seconds that a reader may take nothing while something waits for it."""

    def __post_init__(self) -> None:
        """Refuse what GRANT cannot carry, and what cannot be meant.

        Raises:
            ConfigurationError: A value is out of range, or two contradict each other.
        """
        for each in fields(self):
            if each.name != "tickets":
                self._check_range(each.name, *range_of(each.name))
        for name in ("client_removed_after", "host_removed_after"):
            self._check_range(name, self.lost_after, math.inf)
        if self.tickets not in TICKET_MODES:
            modes = ", ".join(TICKET_MODES)
            raise ConfigurationError(f"tickets is {self.tickets!r}, must be one of {modes}")

    def _check_range(self, name: str, least: float, most: float) -> None:
        value = getattr(self, name)
        if not least <= value <= most:
            raise ConfigurationError(f"{name} is {value}, must be {least}..{most}")

    def removed_after(self, peer: int) -> float:
        """Return the seconds without SEAL after which the peer is removed."""
        return self.host_removed_after if peer == HOST else self.client_removed_after

    def consent_interval(self, peer: int) -> float:
        """Return the seconds after which the peer's address has to be proven again."""
        return self.removed_after(peer) / _CONSENTS

    def data_rate(self, peer: int) -> DataRate:
        """Return what the peer may send."""
        if peer == HOST:
            return DataRate(self.host_byte_rate, self.host_datagram_rate)
        return DataRate(self.client_byte_rate, self.client_datagram_rate)


PROFILES: Final[Mapping[str, Settings]] = {
    "home": Settings(),
    "public": Settings(
        tickets="create",
        client_byte_rate=c.PUBLIC_CLIENT_BYTE_RATE,
        client_datagram_rate=c.PUBLIC_CLIENT_DATAGRAM_RATE,
        host_byte_rate=c.PUBLIC_HOST_BYTE_RATE,
        host_datagram_rate=c.PUBLIC_HOST_DATAGRAM_RATE,
    ),
    "unlimited": Settings(
        client_byte_rate=UNLIMITED.octets,
        client_datagram_rate=UNLIMITED.datagrams,
        host_byte_rate=UNLIMITED.octets,
        host_datagram_rate=UNLIMITED.datagrams,
    ),
}
"""Settings by the name of a profile; `unlimited` is for those who know all members."""
