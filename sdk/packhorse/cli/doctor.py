"""`packhorse doctor`: examine the way to a relay, and the NAT on it."""

import argparse
import asyncio
from typing import Final

from packhorse.aio.doctor import Doctor
from packhorse.cli import options
from packhorse.cli.doctor_screen import DoctorOutput, new_output
from packhorse.cli.output import StdoutConsole
from packhorse.cli.running import until_signal
from packhorse.core.doctor.finding import ExaminationStage, Finding
from packhorse.core.doctor.verdict import Verdict, verdict
from packhorse.core.relay_address import RelayAddress

_STOPPED: Final = Verdict("Stopped before the end: nothing is said.", is_usable=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--relay",
        type=options.relay_address,
        required=True,
        metavar="HOST[:PORT]",
        help="relay to examine; also ws://HOST or wss://HOST",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")


def run(args: argparse.Namespace) -> int:
    """Examine a relay.

    Returns:
        0 when it can be used, 1 when it cannot, or when a signal came first.
    """
    output = new_output(StdoutConsole(highlight=False, markup=False), is_json=args.json)
    found: list[Finding] = []
    asyncio.run(until_signal(_examine(args.relay, output, found)))
    is_complete = len(found) == len(ExaminationStage)
    conclusion = verdict(found) if is_complete else _STOPPED
    output.close(conclusion)
    return 0 if conclusion.is_usable else 1


async def _examine(relay: RelayAddress, output: DoctorOutput, found: list[Finding]) -> None:
    async with Doctor(relay) as doctor:
        output.open(relay)
        async for finding in doctor.examine(output.begin):
            found.append(finding)
            output.tell(finding)
