"""Many rooms of two in the NAT laboratory: one process has all hosts, another all who join."""

import argparse
import asyncio
import json
from collections.abc import Callable, Coroutine

PlayHost = Callable[[int, argparse.Namespace, "asyncio.Future[str]"], Coroutine[None, None, None]]
"""Opens a room and tells its code; takes the room's number among all."""
PlayJoiner = Callable[[int, argparse.Namespace, str], Coroutine[None, None, None]]
"""Joins the room with a code."""


def new_parser() -> argparse.ArgumentParser:
    """Return a parser for what all such programs take."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--codes", help="join these rooms, one after another; without: host")
    parser.add_argument("--stagger", type=float, default=0.25, help="seconds between two rooms")
    return parser


def play(args: argparse.Namespace, play_host: PlayHost, play_joiner: PlayJoiner) -> None:
    """Host or join all rooms, until all are done."""
    asyncio.run(_host(args, play_host) if args.codes is None else _join(args, play_joiner))


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


async def _host(args: argparse.Namespace, play_host: PlayHost) -> None:
    loop = asyncio.get_running_loop()
    codes = [loop.create_future() for _ in range(args.rooms)]
    async with asyncio.TaskGroup() as tasks:
        for number, code in enumerate(codes):
            tasks.create_task(play_host(number, args, code))
        tell(codes=await asyncio.gather(*codes))


async def _join(args: argparse.Namespace, play_joiner: PlayJoiner) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number, code in enumerate(args.codes.split(",")):
            tasks.create_task(play_joiner(number, args, code))
