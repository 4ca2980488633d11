"""Chat: python examples/python/03_chat.py --relay 127.0.0.1 [CODE]; without CODE opens a room."""

import argparse
import asyncio
import sys
from threading import Thread

import packhorse


async def main() -> None:
    """Send each line that is typed to everybody, and print what others send."""
    parser = argparse.ArgumentParser()
    parser.add_argument("code", nargs="?")
    parser.add_argument("--relay", default="127.0.0.1:6969", metavar="HOST[:PORT]")
    args = parser.parse_args()

    way_in = packhorse.join(args.relay, args.code) if args.code else packhorse.host(args.relay)
    async with way_in as room:
        print(f"you are peer {room.peer_id} in room {room.code}", flush=True)
        Thread(target=read_lines, args=(room, asyncio.get_running_loop()), daemon=True).start()
        async for event in room:
            if isinstance(event, packhorse.Message):
                print(f"peer {event.source}: {event.data.decode(errors='replace')}", flush=True)
            else:
                print("*", event, flush=True)


def read_lines(room: packhorse.Room, loop: asyncio.AbstractEventLoop) -> None:
    """Send each line, leave at the end of input; a thread, because reading a terminal blocks."""
    for line in filter(str.strip, sys.stdin):
        loop.call_soon_threadsafe(room.try_send, line.strip().encode()[:1000])
    asyncio.run_coroutine_threadsafe(room.aclose(), loop)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
    except KeyboardInterrupt:
        pass
