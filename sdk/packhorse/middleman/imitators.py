"""The imitators' sockets: opened at a peer's first datagram, closed when idle or when it leaves."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.events import PeerId
from packhorse.middleman.imitator_table import ImitatorTable, Slot
from packhorse.middleman.traffic import Drop, Traffic

logger = logging.getLogger(__name__)

_MAX_WAITING: Final = 32  # datagrams that wait for a socket to open
_MAX_TRIES: Final = 8  # free ports that are tried when one is kept for another peer
_RETRY_AFTER: Final = 1.0  # seconds


class Imitator:
    """One peer as the application sees it."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.socket: UdpSocket | None = None
        self.opening: asyncio.Task[None] | None = None
        self.waiting: list[bytes] = []

    def send(self, data: bytes) -> bool:
        """Send to the application; False when the system refused it."""
        # A refused send may only have told of an earlier datagram, and not have sent this one.
        return self.socket is not None and (self.socket.send(data) or self.socket.send(data))

    def close(self) -> None:
        """Close the socket, or stop opening it; harmless when closed."""
        self.waiting = []
        if self.opening is not None:
            self.opening.cancel()
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Imitators:
    """One imitator a peer, in front of one application."""

    def __init__(
        self,
        application: SocketAddress,
        on_answer: Callable[[PeerId, bytes], None],
        on_error: Callable[[OSError], None],
        traffic: Traffic,
        *,
        idle_after: float,
    ) -> None:
        """Make none yet; needs a running event loop.

        Args:
            application: Where the application listens.
            on_answer: Called with each datagram of the application and whom it is for.
            on_error: Called when the application's port is closed or no socket is to be had.
            traffic: Counts what is delivered and what is not.
            idle_after: Seconds without traffic after which an imitator is closed.
        """
        self._application = application
        self._on_answer = on_answer
        self._on_error = on_error
        self._traffic = traffic
        self._table = ImitatorTable(idle_after)
        self._imitators: dict[PeerId, Imitator] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def __contains__(self, peer: PeerId) -> bool:
        return peer in self._imitators

    def add(self, peer: PeerId) -> None:
        """Give a peer an imitator, which opens at its first datagram."""
        self._imitators[peer] = Imitator(self._table.add(peer, now=self._loop.time()))

    def remove(self, peer: PeerId) -> None:
        """Close a peer's imitator for good; harmless when it has none."""
        self._table.remove(peer)
        imitator = self._imitators.pop(peer, None)
        if imitator is not None:
            imitator.close()

    def deliver(self, peer: PeerId, data: bytes) -> None:
        """Send a datagram as `peer`, which must have been added."""
        imitator = self._imitators[peer]
        if imitator.socket is None:
            self._keep(imitator, data)
            return
        imitator.slot.last_traffic = self._loop.time()
        self._send(imitator, data)

    async def aclose(self) -> None:
        """Close all."""
        for peer in list(self._imitators):
            self.remove(peer)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, imitator: Imitator, data: bytes) -> None:
        if imitator.send(data):
            self._traffic.from_room += 1
        else:
            self._traffic.own_drops[Drop.SEND_FAILED] += 1

    def _keep(self, imitator: Imitator, data: bytes) -> None:
        """Keep a datagram until the socket is open; see to it that it opens."""
        slot = imitator.slot
        if self._loop.time() < slot.retry_at or len(imitator.waiting) >= _MAX_WAITING:
            self._traffic.own_drops[Drop.NO_SOCKET] += 1
            return
        imitator.waiting.append(data)
        if imitator.opening is None:
            name = f"packhorse-imitator-{slot.peer}"
            imitator.opening = task = asyncio.create_task(self._open(imitator), name=name)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, imitator: Imitator) -> None:
        slot = imitator.slot
        try:
            imitator.socket = sock = await self._free_socket(slot)
        except OSError as error:
            slot.retry_at = self._loop.time() + _RETRY_AFTER
            self._traffic.own_drops[Drop.NO_SOCKET] += len(imitator.waiting)
            imitator.waiting = []
            self._on_error(error)
            return
        finally:
            imitator.opening = None
        logger.debug("= peer %s is at port %s", slot.peer, sock.local_address[1])
        self._table.opened(slot, sock.local_address, now=self._loop.time())
        waiting, imitator.waiting = imitator.waiting, []
        for data in waiting:
            self._send(imitator, data)
        self._arm()

    async def _free_socket(self, slot: Slot) -> UdpSocket:
        """Return a socket at the slot's old address, or else where no peer has been.

        Raises:
            OSError: The system has none.
        """
        if slot.address is not None:
            try:
                return await self._new_socket(slot, slot.address)
            except OSError:
                logger.debug("= port %s of peer %s is gone", slot.address[1], slot.peer)
        unfit: list[UdpSocket] = []
        try:
            for _ in range(_MAX_TRIES):
                sock = await self._new_socket(slot, None)
                if not self._table.is_kept_for_other(sock.local_address, slot):
                    return sock
                unfit.append(sock)
            return unfit.pop()
        finally:
            for sock in unfit:
                sock.close()

    async def _new_socket(self, slot: Slot, address: SocketAddress | None) -> UdpSocket:
        def receive(data: bytes, _source: SocketAddress) -> None:
            slot.last_traffic = self._loop.time()
            self._on_answer(slot.peer, data)

        sock = await UdpSocket.open(receive, bind=address, connect=self._application)
        sock.on_error = self._on_error
        return sock

    def _arm(self) -> None:
        deadline = self._table.next_timeout()
        if deadline is not None and self._timer is None:
            self._timer = self._loop.call_at(deadline, self._close_idle)

    def _close_idle(self) -> None:
        self._timer = None
        for peer in self._table.close_idle(now=self._loop.time()):
            logger.debug("%% peer %s has been idle", peer)
            self._imitators[peer].close()
        self._arm()
