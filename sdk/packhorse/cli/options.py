"""Options that `packhorse host` and `packhorse join` share."""

import argparse
import math
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from packhorse.core.relay_address import RelayAddress, parse_invite, parse_relay_address
from packhorse.middleman.endpoint import Endpoint, parse_endpoint
from packhorse.wire.constants import LEGACY_MAX_ID, MAX_PEERS_HARD
from packhorse.wire.errors import ConfigurationError

MAX_SECONDS: Final = 600.0  # of waiting for a room
JOIN_WITHIN: Final = 10.0  # seconds
LEGACY_JOIN_WITHIN: Final = 15.0  # seconds: two families of addresses, one after the other
_MAX_IDLE: Final = 86400.0  # seconds

_T = TypeVar("_T")


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both commands take."""
    parser.add_argument(
        "--legacy",
        action="store_true",
        help="use the legacy protocol, which has no codes and no protection",
    )
    parser.add_argument(
        "--timeout",
        type=seconds(0.1, MAX_SECONDS),
        metavar="S",
        help=f"seconds until the room must be reached (default: {JOIN_WITHIN:.0f})",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    parser.set_defaults(usage_error=parser.error)


def end_with_usage(args: argparse.Namespace, message: str) -> NoReturn:
    """End the program with a message and code 2: the options do not fit together."""
    args.usage_error(message)
    raise SystemExit(2)


def the_udp_endpoint(args: argparse.Namespace, command: str) -> Endpoint:
    """Return the one `--udp`; ends with code 2 when there are several."""
    endpoints: list[Endpoint] = args.udp
    if len(endpoints) > 1:
        end_with_usage(
            args,
            f"this version carries one --udp port, not {len(endpoints)}; several ports come with "
            f"the delivery layer, until then run one `{command}` for each",
        )
    return endpoints[0]


def join_timeout(args: argparse.Namespace) -> float:
    """Return the seconds that reaching the room may take."""
    default = LEGACY_JOIN_WITHIN if args.legacy else JOIN_WITHIN
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
        raise argparse.ArgumentTypeError(f"{text!r} has no port in 1..65535")
    return endpoint


def peer_count(text: str) -> int:
    """Parse the size of a room for argparse."""
    return _whole(text, 2, MAX_PEERS_HARD)


def legacy_id(text: str) -> int:
    """Parse the id of a legacy member that is not the host for argparse."""
    return _whole(text, 2, LEGACY_MAX_ID)


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


def _whole(text: str, low: int, high: int) -> int:
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
