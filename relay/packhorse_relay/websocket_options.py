"""The WebSocket side of the configuration: its flags, and what they come to."""

import argparse

from packhorse_relay.config import RelayConfig
from packhorse_relay.core.websocket_settings import WebSocketSettings


def add_websocket_arguments(group: argparse._ArgumentGroup) -> None:
    """Add the flags."""
    group.add_argument("--no-websocket", action="store_true", help="UDP only")
    group.add_argument(
        "--tls-cert", metavar="FILE", help="certificate chain, PEM; read again when it changes"
    )
    group.add_argument("--tls-key", metavar="FILE", help="private key, PEM")
    group.add_argument(
        "--trusted-proxy",
        action="append",
        metavar="ADDR",
        help="IP address of a reverse proxy whose X-Forwarded-For is believed; may be repeated",
    )


def websocket_settings(config: RelayConfig) -> WebSocketSettings | None:
    """Return the settings; None when the relay is to have UDP only.

    Raises:
        ConfigurationError: The options do not fit together.
    """
    if not config.websocket:
        return None
    return WebSocketSettings(
        tls_cert=config.tls_cert or None,
        tls_key=config.tls_key or None,
        trusted_proxies=config.trusted_proxies,
    )
