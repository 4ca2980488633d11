"""Measure the RTT in a room: python examples/sdk_ping_client.py CODE --relay 127.0.0.1."""

import argparse
import asyncio
import sys
from contextlib import suppress

import packhorse
from rtt_meter import RttMeter, add_ping_options, print_report

PATIENCE = 1.0  # seconds to wait for echoes after the last ping
STEP = 0.05  # seconds between looks whether all have come


async def main() -> int:
    """Ping the host, wait for the echoes, print the report; fail when none came."""
    parser = argparse.ArgumentParser(description="Measure the RTT to the host of a room.")
    parser.add_argument("code")
    parser.add_argument("--relay", default="127.0.0.1:6969", metavar="HOST[:PORT]")
    add_ping_options(parser)
    args = parser.parse_args()

    meter = RttMeter(args.size)
    async with packhorse.join(args.relay, args.code) as room:
        await ping(room, meter, args.count, args.interval)
    report = meter.report()
    print_report(report, as_json=args.json)
    return 0 if report.received else 1


async def ping(room: packhorse.Room, meter: RttMeter, count: int, interval: float) -> None:
    """Send `count` pings, `interval` seconds apart, and take the echoes."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(1, count + 1):
        await room.send(meter.next_ping(), to=packhorse.HOST)
        await take_echoes(room, meter, begin + number * interval)
    deadline = loop.time() + PATIENCE
    while not meter.is_complete and loop.time() < deadline:
        await take_echoes(room, meter, min(deadline, loop.time() + STEP))


async def take_echoes(room: packhorse.Room, meter: RttMeter, deadline: float) -> None:
    """Take echoes until `deadline`."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            async for event in room:
                if isinstance(event, packhorse.Message):
                    meter.take_echo(event.data)


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
