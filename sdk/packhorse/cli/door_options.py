"""Options of `packhorse host` about who may come in, and what can be typed while it runs."""

import argparse
import sys
from typing import Final

from packhorse.cli.options import end_with_usage

_MAX_NAME: Final = 64  # bytes; SPEC.md section 5.3


def add_door_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--locked`, `--approve`, `--approve-names` and `--commands`."""
    parser.add_argument(
        "--locked", action="store_true", help="let nobody in until `unlock` is typed"
    )
    parser.add_argument(
        "--approve", action="store_true", help="ask here about each who wants to join"
    )
    parser.add_argument(
        "--approve-names",
        type=names,
        default=frozenset(),
        metavar="NAME,...",
        help="let in who says to be one of these, and nobody else unless --approve asks about "
        "them; a name proves nothing",
    )
    parser.add_argument(
        "--commands",
        action="store_true",
        help="read commands from standard input although it is no terminal",
    )


def check_doors(args: argparse.Namespace) -> None:
    """End with code 2 when the options do not fit together, or nobody could be asked."""
    if args.legacy and (args.locked or args.approve or args.approve_names or args.commands):
        end_with_usage(args, "--legacy: has no doors to lock, and nobody to ask about")
    if args.approve and not reads_commands(args):
        end_with_usage(
            args,
            "--approve: nobody can be asked, because standard input is no terminal; use "
            "--approve-names, or --commands where a program answers",
        )


def reads_commands(args: argparse.Namespace) -> bool:
    """Tell whether somebody can type commands."""
    if args.legacy or sys.stdin is None or sys.stdin.closed:
        return False
    return bool(args.commands) or sys.stdin.isatty()


def names(text: str) -> frozenset[str]:
    """Parse names with commas between them for argparse."""
    return frozenset(member_name(name.strip()) for name in text.split(","))


def member_name(text: str) -> str:
    """Check for argparse who somebody says to be."""
    if not 1 <= len(text.encode("utf-8", "replace")) <= _MAX_NAME:
        raise argparse.ArgumentTypeError(f"a name must have 1..{_MAX_NAME} bytes")
    return text
