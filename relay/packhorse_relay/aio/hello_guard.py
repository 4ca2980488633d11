"""Watches for floods of HELLO, and lets the kernel drop most of one."""

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Final

from packhorse.aio.udp import UdpSocket
from packhorse_relay.aio.hello_filter import read_share_of_hellos
from packhorse_relay.core.hello_sampling import HelloSampling, Seen

logger = logging.getLogger(__name__)

_LOOK_AGAIN: Final = 0.5  # seconds; a filter must go also when nothing comes any more


_MEMORY_INFORMATION: Final = 55  # SO_MEMINFO of Linux 4.12
_DROPS: Final = struct.Struct("=32xI")  # linux/sock_diag.h: the ninth number


class HelloGuard:
    """Keeps the share of HELLOs that is read right for some sockets."""

    def __init__(self, sockets: Sequence[UdpSocket], count: Callable[[], int]) -> None:
        """Watch.

        Args:
            sockets: Where HELLOs come in.
            count: Returns how many were read since the start.
        """
        self._sockets = sockets
        self._count = count
        self._loop = asyncio.get_running_loop()
        self._sampling = HelloSampling(now=self._loop.time())
        self._timer: asyncio.TimerHandle | None = None
        self._can_filter = True

    @property
    def share(self) -> float:
        """Of the HELLOs that come, 0..1: what is read."""
        return self._sampling.share

    def look(self) -> None:
        """Decide anew if it is time; call it whenever datagrams were read."""
        now = self._loop.time()
        if now >= self._sampling.next_decision and self._can_filter:
            was_open = self.share == 1
            if self._sampling.decide(self._seen(), now=now):
                self._apply(was_open=was_open)

    def close(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()

    def _seen(self) -> Seen:
        read = sum(sock.received for sock in self._sockets)
        return Seen(self._count(), read, sum(_dropped(sock.socket) for sock in self._sockets))

    def _apply(self, *, was_open: bool) -> None:
        self._can_filter = all(
            read_share_of_hellos(sock.socket, self.share) for sock in self._sockets
        )
        if self._can_filter and was_open:
            logger.warning("flood of HELLO: the kernel drops all but %.1f %%", self.share * 100)
            self._watch()
        elif self._can_filter and self.share == 1:
            logger.warning("flood of HELLO: over")

    def _watch(self) -> None:
        self.look()
        if self.share < 1:
            self._timer = self._loop.call_later(_LOOK_AGAIN, self._watch)


def _dropped(sock: socket.socket) -> int:
    """Return the datagrams that the kernel has dropped; 0 where it does not say."""
    if sys.platform != "linux":
        return 0
    try:
        numbers = sock.getsockopt(socket.SOL_SOCKET, _MEMORY_INFORMATION, 64)
    except OSError:
        return 0
    return int(_DROPS.unpack_from(numbers)[0]) if len(numbers) >= _DROPS.size else 0
