"""A member for the NAT laboratory: an echoing host, or a client that counts what returns.

Run: python -m tests.netns.member --relay HOST:PORT [--code CODE]; prints JSON lines.
"""

import argparse
import asyncio
import json

import packhorse

_INTERVAL = 0.05  # seconds between pings of the client


async def echo(room: packhorse.Room) -> None:
    """Send every message back to where it came from."""
    async for event in room:
        if isinstance(event, packhorse.Message):
            await room.send(event.data, to=event.source)
        elif isinstance(event, packhorse.PeerPathChanged):
            tell(direct=event.address and str(event.address), peer=event.peer)


async def count_echoes(room: packhorse.Room) -> None:
    """Tell each echo, with the own address as the relay sees it."""
    async for event in room:
        if isinstance(event, packhorse.Message):
            tell(echo=int(event.data), mapped=str(room.mapped_address))
        elif isinstance(event, packhorse.PeerPathChanged):
            tell(direct=event.address and str(event.address), peer=event.peer)


async def ping(room: packhorse.Room) -> None:
    """Send numbers to the host."""
    for number in range(10_000):
        await room.send(str(number).encode(), to=packhorse.HOST)
        await asyncio.sleep(_INTERVAL)


async def main() -> None:
    """Host a room, or join one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--code")
    args = parser.parse_args()
    if args.code is None:
        async with packhorse.host(args.relay) as room:
            tell(code=room.code, mapped=str(room.mapped_address))
            await echo(room)
    else:
        async with packhorse.join(args.relay, args.code) as room, asyncio.TaskGroup() as tasks:
            tell(path=room.path)
            tasks.create_task(count_echoes(room))
            tasks.create_task(ping(room))


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
