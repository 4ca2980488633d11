"""`packhorse demo`: the whole of Packhorse on this machine for some seconds, measured."""

import argparse
import asyncio
import json
from typing import Final

from rich.console import Console

from packhorse.cli.demo_pings import PingClient, ping_by_turns, require_answers
from packhorse.cli.demo_screen import DemoScreen
from packhorse.cli.demo_stage import Stage, build_stage
from packhorse.cli.options import add_transport_argument, seconds
from packhorse.cli.rtt_summary import ms

_SECONDS: Final = 5.0  # of pings
_SHORTEST: Final = 0.1  # seconds
_LONGEST: Final = 3600.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--seconds",
        type=seconds(_SHORTEST, _LONGEST),
        default=_SECONDS,
        metavar="S",
        help="how long to measure (default: %(default).0f)",
    )
    add_transport_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns the exit code.

    Raises:
        PackhorseError: Something could not be started, or a client received nothing.
    """
    asyncio.run(_demo(args))
    return 0


async def _demo(args: argparse.Namespace) -> None:
    screen = DemoScreen(Console())
    async with build_stage(args.transport) as stage:
        if args.json:
            await ping_by_turns(stage.clients, args.seconds, lambda _elapsed: None)
            print(json.dumps(_report(stage, args.seconds)), flush=True)
        else:
            with screen.live():
                await ping_by_turns(
                    stage.clients,
                    args.seconds,
                    lambda elapsed: screen.draw(stage, elapsed, args.seconds),
                )
            screen.sum_up(stage)
    require_answers(stage.clients)


def _report(stage: Stage, duration: float) -> dict[str, object]:
    drops = {reason.value: count for reason, count in sorted(stage.relay.drops.items()) if count}
    return {
        "clients": [_client_report(client) for client in stage.clients],
        "relay": {
            "port": stage.relay.port,
            "forwarded": stage.relay.datagrams_forwarded,
            "drops": drops,
        },
        "seconds": duration,
    }


def _client_report(client: PingClient) -> dict[str, object]:
    pings = client.pings
    rtt = pings.summary()
    return {
        "name": client.name,
        "way": client.way,
        "sent": pings.sent,
        "received": pings.received,
        "loss": pings.loss,
        "rtt_ms": rtt and rtt.rtt_ms(),
        "jitter_ms": rtt and ms(rtt.jitter),
    }
