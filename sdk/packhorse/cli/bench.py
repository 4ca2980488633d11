"""`packhorse bench`: what a forwarded datagram costs, next to other relays."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from packhorse.cli import options
from packhorse.cli.bench_screen import heading, table
from packhorse.cli.output import table_console
from packhorse.wire.errors import ConfigurationError
from packhorse_relay.bench.costs import costs_of
from packhorse_relay.bench.measuring import SHAPES, Section, Wish, measure
from packhorse_relay.bench.peers import PEERS
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.portable import PortablePlane

if TYPE_CHECKING:
    from packhorse.cli.texts import Json

_PLANES: Final = (PortablePlane.name, BatchedPlane.name)
_RUNS: Final = 7
_MOST_RUNS: Final = 1000
_NEEDED: Final = 2  # processors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    what = parser.add_subparsers(required=True, metavar="WHAT")
    text = "processor time of relays for a datagram, under the same loads in turns"
    relay = what.add_parser("relay", help=text, description=f"{text[0].upper()}{text[1:]}.")
    relay.add_argument(
        "--against",
        type=_names(tuple(PEERS)),
        default=(),
        metavar="NAMES",
        help=f"other relays, some of {','.join(PEERS)}; coturn and a C compiler must be installed",
    )
    relay.add_argument(
        "--dataplane",
        type=_names(_PLANES),
        default=_PLANES,
        metavar="NAMES",
        help=f"data planes (default: {','.join(_PLANES)}); kernel is none of them, for over "
        "loopback it works in the time of who sends, and costs the relay's process nothing",
    )
    relay.add_argument(
        "--load",
        type=_names(SHAPES),
        default=SHAPES[:3],
        metavar="NAMES",
        help=f"loads, some of {','.join(SHAPES)} (default: {','.join(SHAPES[:3])})",
    )
    relay.add_argument(
        "--runs",
        type=lambda text: options.whole(text, 1, _MOST_RUNS),
        default=_RUNS,
        metavar="N",
        help="runs of each relay under each load (default: %(default)d)",
    )
    relay.add_argument("--json", action="store_true", help="one JSON object a line on stdout")


def run(args: argparse.Namespace) -> int:
    """Measure and tell.

    Raises:
        ConfigurationError: It cannot be measured here.
    """
    if sys.platform != "linux" or (os.cpu_count() or 1) < _NEEDED:
        raise ConfigurationError("measuring needs Linux and two processors")
    console = table_console()
    if args.json:
        _tell({"event": "bench", "machine": machine()})
    for section in measure(Wish(args.dataplane, args.against, args.load, args.runs)):
        if args.json:
            _tell(_fields(section))
        else:
            console.print(heading(section), markup=False, highlight=False)
            console.print(table(section))
    return 0


def machine() -> dict[str, "Json"]:
    """Return what the figures depend on."""
    return {
        "kernel": platform.release(),
        "python": platform.python_version(),
        "architecture": platform.machine(),
        "processors": os.cpu_count() or 1,
        "load": os.getloadavg()[0],
    }


def _tell(fields: dict[str, "Json"]) -> None:
    print(json.dumps(fields), flush=True)


def _fields(section: Section) -> dict[str, "Json"]:
    relays: list[Json] = []
    for cost in costs_of(section.results):
        ratios: dict[str, Json] = {name: list(each) for name, each in cost.ratios.items()}
        relays.append(
            {
                "name": cost.name,
                "us": list(cost.cost),
                "ratios": ratios,
                "expected": cost.expected,
                "lost": cost.lost,
            }
        )
    return {
        "event": "load",
        "load": section.shape,
        "x": section.x,
        "text": section.text,
        "relays": relays,
    }


def _names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """Return what reads names with commas between them."""

    def names(text: str) -> tuple[str, ...]:
        found = tuple(text.split(","))
        if unknown := [name for name in found if name not in known]:
            problem = f"{unknown[0]!r} is none of {', '.join(known)}"
            raise argparse.ArgumentTypeError(problem)
        return found

    return names
