"""A line with delay and jitter between two interfaces, in user space.

Run: python tests/support/wire.py INTERFACE INTERFACE DELAY JITTER; seconds; prints "ready".
Kernels without netem have nothing for it. Frames may overtake each other within the jitter.
"""

import heapq
import random
import select
import socket
import sys
import time
from itertools import count

_EVERYTHING = 3  # ETH_P_ALL
_FRAME = 65_536  # bytes


def _open(interface: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    end.bind((interface, 0))
    end.settimeout(0)
    return end


def carry(one: socket.socket, other: socket.socket, delay: float, jitter: float) -> None:
    """Carry frames until the process is ended."""
    queue: list[tuple[float, int, socket.socket, bytes]] = []
    numbers = count()
    across = {one: other, other: one}
    while True:
        wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
        for end in select.select([one, other], [], [], wait)[0]:
            due = time.monotonic() + delay + random.uniform(-jitter, jitter)  # noqa: S311
            for frame in _frames(end):
                heapq.heappush(queue, (due, next(numbers), across[end], frame))
        while queue and queue[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(queue)
            end.send(frame)


def _frames(end: socket.socket) -> list[bytes]:
    """Return what has come in, without what went out there."""
    frames: list[bytes] = []
    while True:
        try:
            frame, address = end.recvfrom(_FRAME)
        except BlockingIOError:
            return frames
        if address[2] != socket.PACKET_OUTGOING:
            frames.append(frame)


def main() -> None:
    """Connect the two interfaces that the command line names."""
    first, second, delay, jitter = sys.argv[1:]
    one, other = _open(first), _open(second)
    print("ready", flush=True)
    carry(one, other, float(delay), float(jitter))


if __name__ == "__main__":
    main()
