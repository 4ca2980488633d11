"""Ends of TCP hole punching for the NAT laboratory; prints JSON lines.

Run: python -m tests.netns.puncher --relay HOST:PORT --rooms N       hosts; or with
     --codes A,B,..                                  joins, one room after another.
Times are of the monotonic clock, which all namespaces of a machine share.
"""

import argparse
import asyncio
import time
from typing import Any

import packhorse
from tests.support.rooms_of_two import new_parser, play, tell

_CHANNEL = 254
_PATIENCE = 30.0  # seconds in which a message must arrive


async def play_host(number: int, args: argparse.Namespace, code: "asyncio.Future[str]") -> None:
    """Open a room, punch with who joins."""
    async with packhorse.host(args.relay) as room:
        code.set_result(room.code)
        async for event in room:
            if isinstance(event, packhorse.PeerJoined):
                break
        left = asyncio.create_task(wait_for_leaving(room))
        await meet(number, args, room)
        await left


async def play_joiner(number: int, args: argparse.Namespace, code: str) -> None:
    """Join a room, punch with its host."""
    await asyncio.sleep(number * args.stagger)
    async with packhorse.join(args.relay, code) as room:
        reading = asyncio.create_task(wait_for_leaving(room))
        pipe = await meet(number, args, room)
        await pipe.flush()
        reading.cancel()


async def meet(number: int, args: argparse.Namespace, room: packhorse.Room) -> packhorse.Pipe:
    """Punch; tell how it went and whether the old pipe goes on; return that."""
    (peer,) = room.peers
    pipe = room.pipe(peer, channel=_CHANNEL)
    if args.after_direct:
        await pipe.direct()
    began = time.monotonic()
    found = await punch(pipe, args.timeout)
    ended = time.monotonic()
    await pipe.send(b"over the pipe")
    relayed = (await pipe.recv(_PATIENCE)).decode()
    tell(room=number, began=began, ended=ended, relayed=relayed, **found)
    return pipe


async def wait_for_leaving(room: packhorse.Room) -> None:
    """Take what comes beside the pipe until the other has left."""
    async for event in room:
        if isinstance(event, packhorse.PeerLeft):
            return


async def punch(pipe: packhorse.Pipe, timeout: float) -> dict[str, Any]:  # noqa: ASYNC109
    """Punch, and exchange a message over what came of it."""
    try:
        async with await packhorse.punch_tcp(pipe, timeout=timeout) as punched:
            await punched.send(b"over tcp")
            got = (await punched.recv(_PATIENCE)).decode()
            await punched.flush()
            return {"punched": True, "got": got, "remote": str(punched.path.remote)}
    except packhorse.PackhorseError as error:
        return {"punched": False, "error": str(error)}


def main() -> None:
    """Host or join rooms."""
    parser = new_parser()
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for punching")
    parser.add_argument("--after-direct", action="store_true")
    play(parser.parse_args(), play_host, play_joiner)


if __name__ == "__main__":
    main()
