"""Several datagrams to one address by one system call: UDP segmentation offload of Linux."""

import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Final

UDP_SEGMENT: Final = 103  # linux/udp.h
_SIZE: Final = struct.Struct("=H")
MAX_SEGMENTS: Final = 64  # linux/udp.h, UDPMAX_SEGMENTS
MAX_SEGMENTED: Final = 60_000  # bytes that segments may add up to; below the 65,507 of one datagram
_WORTHWHILE: Final = 3  # datagrams; fewer are sent one by one


class SegmentingSender:
    """Sends runs of equally long datagrams together, as long as the system lets it."""

    __slots__ = ("_is_possible", "_socket")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._is_possible = sys.platform == "linux"

    def send(self, run: Sequence[bytes], address: tuple[str, int]) -> bool:
        """Send a run from `equal_runs`; False when its datagrams must be sent one by one."""
        if not self._is_possible or len(run) < _WORTHWHILE:
            return False
        ancillary = [(socket.IPPROTO_UDP, UDP_SEGMENT, _SIZE.pack(len(run[0])))]
        try:
            self._socket.sendmsg(run, ancillary, 0, address)
        except BlockingIOError:
            return False
        except OSError:  # an old kernel, a device or a path that cannot
            self._is_possible = False
            return False
        return True


def equal_runs(datagrams: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the datagrams in runs of one length, whose last may be shorter.

    A run has at most 64 datagrams and 60,000 bytes.
    """
    start = 0
    while start < len(datagrams):
        end = _end_of_run(datagrams, start)
        yield datagrams[start:end]
        start = end


def _end_of_run(datagrams: Sequence[bytes], start: int) -> int:
    size = len(datagrams[start])
    limit = min(len(datagrams), start + min(MAX_SEGMENTS, max(1, MAX_SEGMENTED // max(1, size))))
    for index in range(start + 1, limit):
        if len(datagrams[index]) != size:
            return index + 1 if 0 < len(datagrams[index]) < size else index
    return limit
