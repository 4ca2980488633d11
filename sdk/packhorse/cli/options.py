"""Options that the commands which enter a room share."""

import argparse
import math
from collections.abc import Callable, Iterable
from typing import Final, NoReturn, TypeVar

from packhorse.aio.connect import MAX_TIMEOUT, MIN_TIMEOUT
from packhorse.core.relay_address import (
    RelayAddress,
    Transport,
    check_transport,
    parse_invite,
    parse_relay_address,
)
from packhorse.middleman.endpoint import Endpoint, parse_endpoint
from packhorse.middleman.services import MAX_TCP, MAX_UDP
from packhorse.wire.address import MAX_PORT
from packhorse.wire.constants import LEGACY_MAX_ID, MAX_PEERS_HARD
from packhorse.wire.errors import ConfigurationError

JOIN_WITHIN: Final = 10.0  # seconds
LEGACY_JOIN_WITHIN: Final = 15.0  # seconds: two families of addresses, one after the other
_MAX_IDLE: Final = 86400.0  # seconds
_NO_TICKETS: Final = "a legacy relay asks for no ticket and no key"
_NOT_WITH_LEGACY: Final = {
    "--max-peers": "a legacy relay takes as many as it likes",
    "--public": "a legacy relay has no list of rooms",
    "--ticket": _NO_TICKETS,
    "--ticket-file": _NO_TICKETS,
    "--access-key-file": _NO_TICKETS,
    "--name": "a legacy relay lets everybody in and tells nobody who they are",
    "--birthday": "a legacy relay carries everything, there are no direct paths",
}

_T = TypeVar("_T")


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both commands take."""
    parser.add_argument(
        "--legacy",
        action="store_true",
        help="use the legacy protocol, which has no codes and no protection",
    )
    add_transport_argument(parser)
    parser.add_argument(
        "--relay-only",
        action="store_true",
        help="show the others in the room no address of this machine: send over the relay alone",
    )
    parser.add_argument(
        "--birthday",
        action="store_true",
        help="where a router gives out ports at random, try many of them, with those who say "
        "--birthday, too: up to 1400 small datagrams a minute",
    )
    add_timeout_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    parser.set_defaults(usage_error=parser.error)


def add_room_arguments(parser: argparse.ArgumentParser, without: str) -> None:
    """Add the code of a room, and its relay; `without` says what no code means."""
    parser.add_argument(
        "code",
        nargs="?",
        type=invite,
        metavar="CODE",
        help=f"room code, or invite CODE@HOST[:PORT]; {without}",
    )
    parser.add_argument(
        "--relay",
        type=relay_address,
        metavar="HOST[:PORT]",
        help="relay that carries the room; not needed with an invite",
    )


def add_transport_argument(parser: "argparse._ActionsContainer") -> None:
    """Add `--transport`, which `transport_to` reads."""
    parser.add_argument(
        "--transport",
        choices=list(map(str, Transport)),
        default=str(Transport.AUTO),
        help="how to reach the relay: UDP, WebSocket, or what works first (default: %(default)s)",
    )


def transport_to(relay: RelayAddress, args: argparse.Namespace) -> Transport:
    """Return the transport to use; ends with code 2 when the options do not fit together."""
    is_legacy = getattr(args, "legacy", False)
    if is_legacy and (relay.scheme or args.transport == Transport.WEBSOCKET):
        end_with_usage(args, "--legacy: has UDP only, no WebSocket")
    try:
        return check_transport(args.transport, relay)
    except ConfigurationError as error:
        end_with_usage(args, f"--transport: {error}; {error.advice}")


def check_legacy(args: argparse.Namespace) -> None:
    """End with code 2 when `--legacy` is given, and what a legacy relay does not know."""
    if args.legacy and (option := first_given(args, _NOT_WITH_LEGACY)):
        end_with_usage(args, f"{option}: {_NOT_WITH_LEGACY[option]}")


def first_given(args: argparse.Namespace, candidates: Iterable[str]) -> str | None:
    """Return the first of some options, such as `--max-peers`, that was given; None for none."""
    return next((each for each in candidates if _value(args, each) not in (None, False)), None)


def _value(args: argparse.Namespace, option: str) -> object:
    """Return the value of an option; None also where the command has no such option."""
    return getattr(args, option.removeprefix("--").replace("-", "_"), None)


def add_timeout_argument(parser: "argparse._ActionsContainer") -> None:
    """Add `--timeout`, which `join_timeout` reads."""
    parser.add_argument(
        "--timeout",
        type=seconds(MIN_TIMEOUT, MAX_TIMEOUT),
        metavar="S",
        help=f"seconds that reaching relay and room may take (default: {JOIN_WITHIN:.0f})",
    )


def add_service_arguments(
    parser: argparse.ArgumentParser, endpoint: Callable[[str], Endpoint], meaning: str
) -> None:
    """Add `--udp` and `--tcp`, each to be given as often as there are services.

    Args:
        parser: Of the command.
        endpoint: Parses one.
        meaning: What they name, for the help.
    """
    for protocol in ("udp", "tcp"):
        parser.add_argument(
            f"--{protocol}",
            action="append",
            default=[],
            type=endpoint,
            metavar="[HOST:]PORT",
            help=f"{meaning} by {protocol.upper()} (default host: 127.0.0.1); may be repeated",
        )


def end_with_usage(args: argparse.Namespace, message: str) -> NoReturn:
    """End the program with a message and code 2: the options do not fit together."""
    args.usage_error(message)
    raise SystemExit(2)


def invited_to(args: argparse.Namespace) -> RelayAddress:
    """Return the relay that `--relay` or the invite names; ends with code 2 unless it is one."""
    by_invite = None if args.code is None else parse_invite(args.code).relay
    relay: RelayAddress | None = by_invite or args.relay
    if relay is None:
        end_with_usage(args, "--relay: needed unless CODE is an invite, CODE@HOST")
    if args.relay not in (None, relay):
        end_with_usage(args, f"--relay: the invite names another relay, {relay}")
    return relay


def service_endpoints(args: argparse.Namespace) -> tuple[list[Endpoint], list[Endpoint]]:
    """Return all `--udp` and all `--tcp`; ends with code 2 when they cannot be carried."""
    udp: list[Endpoint] = args.udp
    tcp: list[Endpoint] = args.tcp
    if not udp and not tcp:
        end_with_usage(args, "--udp or --tcp: at least one is needed")
    if args.legacy and (tcp or len(udp) > 1):
        end_with_usage(args, "--legacy: carries one --udp and no --tcp")
    for name, given, limit in (("--udp", udp, MAX_UDP), ("--tcp", tcp, MAX_TCP)):
        if len(given) > limit:
            end_with_usage(args, f"{name}: given {len(given)} times, must be at most {limit}")
    return udp, tcp


def join_timeout(args: argparse.Namespace) -> float:
    """Return the seconds that reaching the room may take."""
    is_legacy = getattr(args, "legacy", False)
    default = LEGACY_JOIN_WITHIN if is_legacy else JOIN_WITHIN
    return default if args.timeout is None else float(args.timeout)


def relay_address(text: str) -> RelayAddress:
    """Parse a relay's address for argparse."""
    return _parsed(parse_relay_address, text)


def invite(text: str) -> str:
    """Check a room code or an invite for argparse."""
    _parsed(parse_invite, text)
    return text


def local_endpoint(text: str) -> Endpoint:
    """Parse `[HOST:]PORT` for argparse; port 0 is any free one."""
    return _parsed(parse_endpoint, text)


def remote_endpoint(text: str) -> Endpoint:
    """Parse `[HOST:]PORT` for argparse."""
    endpoint = _parsed(parse_endpoint, text)
    if endpoint.port == 0:
        raise argparse.ArgumentTypeError(f"{text!r} has no port in 1..{MAX_PORT}")
    return endpoint


def peer_count(text: str) -> int:
    """Parse the size of a room for argparse."""
    return whole(text, 2, MAX_PEERS_HARD)


def legacy_id(text: str) -> int:
    """Parse the id of a legacy member that is not the host for argparse."""
    return whole(text, 2, LEGACY_MAX_ID)


def idle_seconds(text: str) -> float:
    """Parse a time after which something is idle for argparse."""
    return seconds(0.1, _MAX_IDLE)(text)


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Return an argparse type of seconds from `low` to `high`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, {low:g}..{high:g}")
        return value

    return parse


def whole(text: str, low: int, high: int) -> int:
    """Parse a whole number from `low` to `high` for argparse."""
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number in {low}..{high}")
    return value


def _parsed(parse: Callable[[str], _T], text: str) -> _T:
    try:
        return parse(text)
    except ConfigurationError as error:
        advice = f"; {error.advice}" if error.advice else ""
        raise argparse.ArgumentTypeError(f"{error}{advice}") from None
