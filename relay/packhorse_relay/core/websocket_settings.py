"""What an operator may change about the relay's WebSocket side."""

import ipaddress
from dataclasses import dataclass

from packhorse.wire import constants as c
from packhorse.wire.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketSettings:
    """Limits and timers of WebSocket connections; the defaults are those of SPEC.md section 17."""

    connections_per_source: int = c.WS_CONNECTIONS_PER_SOURCE
    """Connections of one source."""
    max_connections: int = c.WS_CONNECTIONS
    """Connections in all; the limit on open files may allow fewer."""
    accept_rate: float = c.WS_ACCEPT_RATE
    """New connections per second in all; twice as many at once."""
    control_rate: float = c.WS_CONTROL_RATE
    """Control frames and fragments per second and connection; twice as many at once."""
    open_timeout: float = c.WS_OPEN_TIMEOUT
    """Seconds until a TCP connection must be an open WebSocket, TLS included."""
    join_timeout: float = c.WS_JOIN_TIMEOUT
    """Seconds that a connection may be without a session."""
    stall_timeout: float = c.WS_STALL_TIMEOUT
    """Seconds that a reader may take nothing while something waits for it."""
    tls_cert: str | None = None
    """File with the certificate chain, PEM; None: without TLS."""
    tls_key: str | None = None
    """File with the private key, PEM; None: it is in the file of the certificate."""
    trusted_proxies: tuple[str, ...] = ()
    """IP addresses whose `X-Forwarded-For` is believed."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigurationError: A proxy is no IP address, or there is a key without certificate.
        """
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_address(proxy)
            except ValueError:
                raise ConfigurationError(
                    f"trusted proxy {proxy!r} is no IP address", "write it as 192.0.2.1 or ::1"
                ) from None
        if self.tls_key is not None and self.tls_cert is None:
            raise ConfigurationError("there is a TLS key but no certificate", "give both")
