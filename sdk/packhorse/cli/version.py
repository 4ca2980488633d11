"""`packhorse version`."""

import argparse
import json

from packhorse import __version__
from packhorse.wire.constants import PROTOCOL, WIRE_VERSION


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Print the version; returns the exit code."""
    if args.json:
        print(
            json.dumps({"version": __version__, "protocol": PROTOCOL, "wire_version": WIRE_VERSION})
        )
    else:
        print(__version__)
    return 0
