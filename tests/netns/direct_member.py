"""What godot_addon/tests/e2e/direct_member.gd is, in Python.

Run: python -m tests.netns.direct_member --relay HOST:PORT --code CODE --peers OTHERS --seconds S
"""

import argparse
import asyncio
import json
import time
from collections import defaultdict
from typing import Final

import packhorse

_INTERVAL: Final = 0.02  # seconds
_LISTEN: Final = 4.0  # seconds after the last number
_SIZE: Final = 4  # bytes of a number
_MODES: Final = {2: packhorse.Mode.RELIABLE, 0: packhorse.Mode.UNRELIABLE}
"""Godot's numbers of its transfer modes."""


class Counter:
    """What was heard of each peer."""

    def __init__(self) -> None:
        self.heard: dict[int, dict[str, int]] = defaultdict(
            lambda: {"reliable": 0, "unreliable": 0, "faults": 0}
        )

    def take(self, message: packhorse.Message) -> None:
        """Count a number; a reliable one has to be the next."""
        heard = self.heard[message.source]
        if _MODES[message.data[0]] is packhorse.Mode.UNRELIABLE:
            heard["unreliable"] += 1
            return
        heard["faults"] += int.from_bytes(message.data[1:], "little") != heard["reliable"]
        heard["reliable"] += 1


async def listen(room: packhorse.Room, counter: Counter) -> None:
    """Count what comes, and tell which paths are taken."""
    async for event in room:
        if isinstance(event, packhorse.Message):
            counter.take(event)
        elif isinstance(event, packhorse.PeerPathChanged):
            tell(peer=event.peer, path="DIRECT" if event.address else "RELAY_UDP")


async def speak(room: packhorse.Room, others: int, seconds: float) -> int:
    """Say numbers to all once everybody is there; return how many."""
    while len(room.peers) < others:  # noqa: ASYNC110 - nothing else tells
        await asyncio.sleep(_INTERVAL)
    start, said = time.monotonic(), 0
    while time.monotonic() < start + seconds:
        for number, mode in _MODES.items():
            await room.send(bytes([number]) + said.to_bytes(_SIZE, "little"), mode=mode)
        said += 1
        await asyncio.sleep(max(0.0, start + said * _INTERVAL - time.monotonic()))
    return said


async def main() -> None:
    """Join a room, speak and listen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--code", required=True)
    parser.add_argument("--peers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    counter = Counter()
    async with packhorse.join(args.relay, args.code) as room:
        listening = asyncio.create_task(listen(room, counter))
        said = await speak(room, args.peers, args.seconds)
        await asyncio.sleep(_LISTEN)
        tell(summary={"said": said, "heard": counter.heard})
        listening.cancel()


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
