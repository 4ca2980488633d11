"""Find the subcommand, run it, turn errors into one line and advice."""

import sys
from importlib import import_module

from packhorse import __version__
from packhorse.cli.parser import Parser
from packhorse.cli.stdout import mute_stdout
from packhorse.wire.errors import PackhorseError

# Name, what it does, and the module that has `add_arguments(parser)` and `run(args) -> int`.
_COMMANDS = (
    (
        "demo",
        "a relay, a host and two clients on this machine, for a few seconds",
        "packhorse.cli.demo",
    ),
    ("relay", "run a relay", "packhorse_relay.cli"),
    ("host", "open a room for an unmodified game server on this machine", "packhorse.cli.host"),
    ("join", "join a room and offer it to an unmodified game client", "packhorse.cli.join"),
    ("ping", "measure the way through a room to its host, or to a relay", "packhorse.cli.ping"),
    ("doctor", "examine the way to a relay, and the NAT on it", "packhorse.cli.doctor"),
    (
        "rooms",
        "list the public rooms of a relay, or show the load of your own",
        "packhorse.cli.rooms_command",
    ),
    ("ticket", "make tickets for a relay that asks for them", "packhorse.cli.ticket"),
    ("bench", "measure what a relay's data planes cost", "packhorse.cli.bench"),
    ("version", "print the version", "packhorse.cli.version"),
)


def main(argv: list[str] | None = None) -> int:
    """Run `packhorse`.

    Returns:
        0 success, 1 failure, 2 usage.
    """
    parser = _parser(argv)
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help(sys.stderr)
        return 2
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        args.parser.refuse(unknown)
    try:
        return int(args.run(args))
    except PackhorseError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.advice:
            print(f"advice: {error.advice}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has gone
        mute_stdout()
        return 1
    except KeyboardInterrupt:
        return 130


def _parser(argv: list[str] | None) -> Parser:
    parser = Parser(prog="packhorse", description=_first_line())
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    wanted = (sys.argv[1:] if argv is None else argv)[:1]
    for name, doc, module_name in _COMMANDS:
        subparser = subparsers.add_parser(name, help=doc, description=f"{doc[0].upper()}{doc[1:]}.")
        if [name] == wanted:  # the others need not be imported
            module = import_module(module_name)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run, parser=subparser)
    return parser


def _first_line() -> str:
    return "Play a game over the internet through one small relay."
