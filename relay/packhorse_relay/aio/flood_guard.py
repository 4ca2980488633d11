"""Watches for floods of strangers, and lets the kernel drop most of one."""

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Final

from packhorse.aio.udp import UdpSocket
from packhorse_relay.aio.flood_filter import read_shares
from packhorse_relay.core.flood_sampling import ALL, FloodSampling, Seen, Shares
from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.core.stray_budgets import StrayBudgets

logger = logging.getLogger(__name__)

_LOOK_AGAIN: Final = 0.1  # seconds; a filter must learn of new members, and go in the end
_MEMORY_INFORMATION: Final = 55  # SO_MEMINFO of Linux 4.12
_LARGEST_COUNT: Final = (1 << 32) - 1
_MEMORY: Final = struct.Struct("=I28xI")  # linux/sock_diag.h: what waits, in bytes, and drops
_SPACE: Final = 2048  # bytes that a datagram takes while it waits, with what the kernel adds


class FloodGuard:
    """Keeps the shares of strays that are read right for some sockets."""

    def __init__(self, table: ForwardingTable, strays: StrayBudgets) -> None:
        """Watch no socket yet.

        Args:
            table: Knows the members, of whom everything is read.
            strays: Counts what comes from others.
        """
        self._table = table
        self._strays = strays
        self._sockets: Mapping[int, UdpSocket] = {}
        self._dropped: dict[UdpSocket, int] = {}
        self._dropped_in_all = 0
        self._loop = asyncio.get_running_loop()
        self._sampling = FloodSampling(now=self._loop.time())
        self._timer: asyncio.TimerHandle | None = None
        self._can_filter = True
        self._applied: tuple[Shares, int] = (ALL, 0)

    def watch(self, sockets: Mapping[int, UdpSocket]) -> None:
        """Watch sockets, by listener."""
        self._sockets = sockets

    @property
    def shares(self) -> Shares:
        """Of the strays that come, by kind, 0..1: what is read."""
        return self._sampling.shares

    @property
    def unread(self) -> int:
        """Datagrams that the kernel dropped, or that came when too many strays did."""
        self._look_at_buffers()
        return self._strays.refused + self._dropped_in_all

    def look(self) -> None:
        """Decide anew if there is reason to; call it whenever datagrams were read.

        Before they are answered: who has just joined may send at once.
        """
        if self._can_filter:
            self._sampling.decide(self._seen(), now=self._loop.time())
        if self.shares != ALL or self._applied[0] != ALL:
            self._apply()

    def close(self) -> None:
        """Stop watching, before the sockets close."""
        self._look_at_buffers()
        self._sockets = {}
        if self._timer is not None:
            self._timer.cancel()

    def _seen(self) -> Seen:
        read = sum(sock.received for sock in self._sockets.values())
        waiting = self._look_at_buffers() // _SPACE
        return Seen(self._strays.counts, read, self._dropped_in_all, waiting)

    def _look_at_buffers(self) -> int:
        """Count what the kernel has dropped; returns the bytes that wait.

        The kernel's own count starts over after 2^32.
        """
        waiting_in_all = 0
        for sock in self._sockets.values():
            before = self._dropped.get(sock, 0)
            waiting, self._dropped[sock] = _memory(sock.socket)
            self._dropped_in_all += (self._dropped[sock] - before) & _LARGEST_COUNT
            waiting_in_all += waiting
        return waiting_in_all

    def _apply(self) -> None:
        """Set the filters; they have to follow the members, too."""
        before, _ = self._applied
        wanted = self.shares, self._table.version
        if wanted == self._applied or not self._can_filter:
            return
        self._applied = wanted
        members = self._table.addresses_by_listener()
        self._can_filter = all(
            read_shares(sock.socket, self.shares, members.get(listener, ()))
            for listener, sock in self._sockets.items()
        )
        if self._can_filter and before == ALL:
            percents = ", ".join(f"{share:.1%}" for share in self.shares)
            logger.warning("flood: of HELLO, control, data the kernel lets pass %s", percents)
            self._watch()
        elif self._can_filter and self.shares == ALL:
            logger.warning("flood: over")

    def _watch(self) -> None:
        self.look()
        if self.shares != ALL:
            self._timer = self._loop.call_later(_LOOK_AGAIN, self._watch)


def _memory(sock: socket.socket) -> tuple[int, int]:
    """Return the bytes that wait, and how many datagrams were dropped, mod 2^32.

    Both are 0 where the system does not say.
    """
    if sys.platform != "linux":
        return 0, 0
    try:
        numbers = sock.getsockopt(socket.SOL_SOCKET, _MEMORY_INFORMATION, 64)
    except OSError:
        return 0, 0
    if len(numbers) < _MEMORY.size:
        return 0, 0
    waiting, dropped = _MEMORY.unpack_from(numbers)
    return waiting, dropped
