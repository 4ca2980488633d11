"""One end of a game's traffic: small reliable messages at a steady rate, and their delay.

Run: python -m tests.bench.game_traffic ROLE ADDRESS SECONDS [CODE], ROLE one of
enet-receive, enet-send, room-receive, room-send. Prints JSON lines. A sender sends for
SECONDS; a receiver tells the delay of every message, in seconds, after the last. Both
read the same monotonic clock, so they must run on one machine.

ENet is that of the package pyenet, which nothing else needs.
"""

import asyncio
import importlib
import json
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any, Final, cast

import packhorse
from packhorse import Mode

_INTERVAL: Final = 1 / 30  # seconds
_SIZE: Final = 200  # bytes
_STAMP: Final = struct.Struct("!dI")  # when it was sent; how many are to follow
_PATIENCE: Final = 15.0  # seconds
_SETTLE: Final = 1.0  # seconds before the first message
_TURN: Final = 1  # milliseconds that ENet waits for a packet


class Delays:
    """How long messages took."""

    def __init__(self) -> None:
        self._delays: list[float] = []

    def add(self, message: bytes) -> bool:
        """Take a message; False when it was the last."""
        sent, following = cast("tuple[float, int]", _STAMP.unpack_from(message))
        self._delays.append(time.monotonic() - sent)
        return following > 0

    def tell(self) -> None:
        """Print them."""
        tell(delays=[round(delay, 5) for delay in self._delays])


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


def schedule(seconds: float) -> Iterator[tuple[float, int]]:
    """Return for each message when it is due and how many follow."""
    count = round(seconds / _INTERVAL)
    start = time.monotonic()
    return ((start + number * _INTERVAL, count - 1 - number) for number in range(count))


def stamped(following: int) -> bytes:
    """Return a message, sent now."""
    return _STAMP.pack(time.monotonic(), following).ljust(_SIZE, b"\0")


async def receive_in_room(relay: str, seconds: float) -> None:
    """Host a room and take the messages."""
    delays = Delays()
    async with packhorse.host(relay) as room:
        tell(code=room.code)
        async with asyncio.timeout(seconds + 2 * _PATIENCE):
            async for event in room:
                if isinstance(event, packhorse.Message) and not delays.add(event.data):
                    break
        delays.tell()


async def send_in_room(relay: str, seconds: float, code: str) -> None:
    """Join a room and send the messages."""
    async with packhorse.join(relay, code) as room:
        await asyncio.sleep(_SETTLE)
        for due, following in schedule(seconds):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await room.send(stamped(following), to=packhorse.HOST, mode=Mode.RELIABLE)
        await room.flush(_PATIENCE)


def receive_over_enet(address: tuple[str, int], seconds: float) -> None:
    """Take the messages of one peer."""
    enet = _enet()
    host, delays = enet.Host(enet.Address(address[0].encode(), address[1]), 1, 1, 0, 0), Delays()
    tell(listening=True)
    give_up = time.monotonic() + seconds + 2 * _PATIENCE
    while time.monotonic() < give_up:
        event = host.service(_TURN)
        if event.type == enet.EVENT_TYPE_RECEIVE and not delays.add(event.packet.data):
            break
    delays.tell()


def send_over_enet(address: tuple[str, int], seconds: float) -> None:
    """Connect and send the messages."""
    enet = _enet()
    host = enet.Host(None, 1, 1, 0, 0)
    peer = host.connect(enet.Address(address[0].encode(), address[1]), 1)
    _serve(host, time.monotonic() + _SETTLE)
    for due, following in schedule(seconds):
        _serve(host, due)
        peer.send(0, enet.Packet(stamped(following), enet.PACKET_FLAG_RELIABLE))
        host.flush()
    _serve(host, time.monotonic() + _PATIENCE)


def _serve(host: Any, until: float) -> None:
    while time.monotonic() < until:
        host.service(min(_TURN, max(0, int((until - time.monotonic()) * 1000))))


def _enet() -> Any:
    return importlib.import_module("enet")


def main() -> None:
    """Play one role."""
    role, address, seconds, *code = sys.argv[1:]
    host, _, port = address.rpartition(":")
    match role:
        case "enet-receive":
            receive_over_enet((host, int(port)), float(seconds))
        case "enet-send":
            send_over_enet((host, int(port)), float(seconds))
        case "room-receive":
            asyncio.run(receive_in_room(address, float(seconds)))
        case "room-send":
            asyncio.run(send_in_room(address, float(seconds), code[0]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
