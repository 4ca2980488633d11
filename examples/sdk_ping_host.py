"""Echo messages in a room: python examples/sdk_ping_host.py --relay 127.0.0.1."""

import argparse
import asyncio
import sys

import packhorse


async def main() -> None:
    """Open a room, print its code and send every message back, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Echo messages in a room.")
    parser.add_argument("--relay", default="127.0.0.1:6969", metavar="HOST[:PORT]")
    args = parser.parse_args()

    async with packhorse.host(args.relay) as room:
        print("room", room.code, flush=True)
        async for event in room:
            if isinstance(event, packhorse.Message):
                await room.send(event.data, to=event.source)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
    except KeyboardInterrupt:
        pass
