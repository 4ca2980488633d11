"""Options of the relay's WebSocket side."""

import argparse

from packhorse_relay.core.websocket_settings import WebSocketSettings


def add_websocket_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("WebSocket")
    group.add_argument("--no-websocket", action="store_true", help="UDP only")
    group.add_argument(
        "--tls-cert", metavar="FILE", help="certificate chain, PEM; read again when it changes"
    )
    group.add_argument("--tls-key", metavar="FILE", help="private key, PEM")
    group.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDR",
        help="IP address of a reverse proxy whose X-Forwarded-For is believed; may be repeated",
    )


def websocket_settings(args: argparse.Namespace) -> WebSocketSettings | None:
    """Return the settings; None when the relay is to have UDP only.

    Raises:
        ConfigurationError: The options do not fit together.
    """
    if args.no_websocket:
        return None
    return WebSocketSettings(
        tls_cert=args.tls_cert, tls_key=args.tls_key, trusted_proxies=tuple(args.trusted_proxy)
    )
