"""The options of `packhorse relay`, and which keys of the configuration they set."""

import argparse
from pathlib import Path
from typing import Final

from packhorse.core.relay_address import DEFAULT_PORT
from packhorse.wire.address import MAX_PORT, parse_port
from packhorse.wire.constants import DRAIN_TIME
from packhorse_relay.access_options import add_access_arguments
from packhorse_relay.config import CONFIG_KEYS
from packhorse_relay.config_values import Value
from packhorse_relay.websocket_options import add_websocket_arguments

# Flags that stand for the key of their name.
_PLAIN: Final = (
    "profile",
    "port",
    "stun_port",
    "legacy",
    "dataplane",
    "admin",
    "state_dir",
    "log_format",
    "log_level",
    "tls_cert",
    "tls_key",
    "tickets",
    "ticket_key",
    "access_key_file",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the relay."""
    _add_relay(parser)
    add_websocket_arguments(parser.add_argument_group("WebSocket"))
    add_access_arguments(parser.add_argument_group("access"))
    _add_configuration(parser.add_argument_group("configuration"))
    _add_operation(parser.add_argument_group("operation"))
    _add_service(parser.add_argument_group("service"))


def flag_values(args: argparse.Namespace) -> dict[str, Value]:
    """Return the keys that were set by flags of their own."""
    given: dict[str, Value] = {
        name: value
        for name in _PLAIN
        if (value := getattr(args, name)) is not None and value is not False
    }
    if args.bind:
        given["bind"] = tuple(args.bind)
    if args.trusted_proxy:
        given["trusted_proxies"] = tuple(args.trusted_proxy)
    if args.ticket_app:
        given["ticket_app"] = tuple(args.ticket_app)
    if args.drain_time is not None:
        given["drain_time"] = args.drain_time
    if args.no_websocket:
        given["websocket"] = False
    if args.verbose and "log_level" not in given:
        given["log_level"] = "info"
    return given


def _add_relay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bind",
        action="append",
        metavar="ADDR",
        help="address to listen on; may be repeated (default: every IPv4 and IPv6 address)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        help=f"UDP port, and TCP port for WebSocket; 0 for a free one (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--stun-port",
        type=_port,
        metavar="PORT",
        help="second UDP port, by which players find out about their NAT; 0 for none"
        " (default: the one after --port, if it is free)",
    )
    parser.add_argument(
        "--legacy",
        action="store_true",
        help="also speak the legacy protocol, which cannot be made safe: see SECURITY.md",
    )
    parser.add_argument(
        "--dataplane",
        choices=CONFIG_KEYS["dataplane"].choices,
        help="how datagrams are forwarded (default: auto)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    parser.add_argument("--verbose", "-v", action="store_true", help="same as --log-level info")


def _add_configuration(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--config", type=Path, metavar="FILE", help="read relay.toml")
    group.add_argument(
        "--profile",
        choices=CONFIG_KEYS["profile"].choices,
        help="limits to start from (default: home)",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        type=_assignment,
        metavar="KEY=VALUE",
        help="set a key of the configuration, such as max_rooms=50; may be repeated",
    )
    group.add_argument(
        "--check-config", action="store_true", help="say whether the configuration is good, and end"
    )
    group.add_argument(
        "--print-config", action="store_true", help="print every key and its value, and end"
    )


def _add_operation(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--admin",
        metavar="[ADDR:]PORT",
        help="offer status page, health and metrics there (default address: 127.0.0.1)",
    )
    group.add_argument(
        "--state-dir",
        metavar="DIR",
        help="folder for the relay's secrets; with it rooms survive a restart"
        " (default: that of systemd, or ~/.local/state/packhorse)",
    )
    group.add_argument(
        "--drain-time",
        type=float,
        metavar="SECONDS",
        help=f"how long SIGTERM waits for rooms to end (default: {DRAIN_TIME:g})",
    )
    group.add_argument("--log-format", choices=CONFIG_KEYS["log_format"].choices)
    group.add_argument("--log-level", choices=CONFIG_KEYS["log_level"].choices)


def _add_service(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--install-service",
        action="store_true",
        help="write a systemd unit for this relay, and end",
    )
    group.add_argument(
        "--dry-run", action="store_true", help="with --install-service: print the unit instead"
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        msg = f"{text!r} is not KEY=VALUE"
        raise argparse.ArgumentTypeError(msg)
    return name.strip(), value


def _port(text: str) -> int:
    port = parse_port(text)
    if port is None:
        msg = f"{text!r} is no port in 0..{MAX_PORT}"
        raise argparse.ArgumentTypeError(msg)
    return port
