"""Meet in a room and talk: python examples/python/01_two_peers_in_one_room.py --relay 127.0.0.1."""

import argparse
import asyncio
import sys

import packhorse


async def main() -> None:
    """Open a room, join it, and send one message each way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", default="127.0.0.1:6969", metavar="HOST[:PORT]")
    relay = parser.parse_args().relay

    async with packhorse.host(relay) as host, packhorse.join(relay, host.code) as guest:
        print(f"room {host.code}: host is peer {host.peer_id}, guest is peer {guest.peer_id}")
        await guest.send(b"hello", to=packhorse.HOST)
        print("host got", await next_message(host))
        await host.send(b"welcome")  # to everybody
        print("guest got", await next_message(guest))


async def next_message(room: packhorse.Room) -> bytes:
    """Return the next message, skipping other events such as `PeerJoined`."""
    async for event in room:
        if isinstance(event, packhorse.Message):
            return event.data
    raise RuntimeError("the room was left")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except packhorse.PackhorseError as error:
        sys.exit(f"{error}; {error.advice}")
