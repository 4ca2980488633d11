"""What an operator may change about the relay's WebSocket side."""

import ipaddress
from dataclasses import dataclass

from packhorse.wire.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketSettings:
    """What WebSocket connections need besides the limits, which are those of `Settings`."""

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
