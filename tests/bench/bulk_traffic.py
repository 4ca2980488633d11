"""One end of a bulk transfer, over the kernel's TCP or over a room.

Run: python -m tests.bench.bulk_traffic ROLE ADDRESS SECONDS [HOW], ROLE one of
tcp-receive, tcp-send, room-receive, room-send; HOW is the congestion control of tcp-send
or the code of room-send. Prints JSON lines. A receiver counts for SECONDS from the first
byte on; a sender sends until it is ended.
"""

import asyncio
import json
import socket
import sys
import time
from typing import Final

import packhorse
from packhorse import Mode

_MESSAGE: Final = bytes(16_000)
_CHUNK: Final = 1 << 16  # bytes
_PATIENCE: Final = 15.0  # seconds for the other side to come
_NOTHING_MORE: Final = 5.0  # seconds


class Count:
    """Bytes within some seconds of the first one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None
        self._bytes = 0

    def add(self, size: int) -> bool:
        """Count; False when the time is over."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._seconds
            tell(began=True)
        if now <= self._end:
            self._bytes += size
        return now < self._end

    def tell(self) -> None:
        """Print the result."""
        tell(bytes=self._bytes)


def tell(**fields: object) -> None:
    """Print one JSON object."""
    print(json.dumps(fields), flush=True)


def receive_over_tcp(address: tuple[str, int], seconds: float) -> None:
    """Take one connection and count."""
    count = Count(seconds)
    with socket.create_server(address) as server:
        server.settimeout(_PATIENCE)
        tell(listening=True)
        connection, _ = server.accept()
    buffer = bytearray(_CHUNK)
    with connection:
        connection.settimeout(seconds + _NOTHING_MORE)
        while count.add(connection.recv_into(buffer)):
            pass
    count.tell()


def send_over_tcp(address: tuple[str, int], control: str) -> None:
    """Connect and send for ever."""
    chunk = bytes(_CHUNK)
    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        sock.connect(address)
        while True:
            sock.sendall(chunk)


async def receive_in_room(relay: str, seconds: float) -> None:
    """Host a room and count reliable messages."""
    count = Count(seconds)
    async with packhorse.host(relay) as room:
        tell(code=room.code)
        async with asyncio.timeout(_PATIENCE + seconds + _NOTHING_MORE):
            async for event in room:
                if isinstance(event, packhorse.Message) and not count.add(len(event.data)):
                    break
        count.tell()


async def send_in_room(relay: str, code: str) -> None:
    """Join a room and send reliable messages for ever, telling the RTT every second."""
    async with packhorse.join(relay, code) as room, asyncio.TaskGroup() as tasks:
        tasks.create_task(_tell_rtt(room))
        while True:
            await room.send(_MESSAGE, to=packhorse.HOST, mode=Mode.RELIABLE)


async def _tell_rtt(room: packhorse.Room) -> None:
    while True:
        await asyncio.sleep(1)
        tell(rtt=room.peer_statistics(packhorse.HOST).rtt)


def main() -> None:
    """Play one role."""
    role, address, seconds, *how = sys.argv[1:]
    host, _, port = address.rpartition(":")
    match role:
        case "tcp-receive":
            receive_over_tcp((host, int(port)), float(seconds))
        case "tcp-send":
            send_over_tcp((host, int(port)), how[0])
        case "room-receive":
            asyncio.run(receive_in_room(address, float(seconds)))
        case "room-send":
            asyncio.run(send_in_room(address, how[0]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
