"""Pipes over a carrier of datagrams: a UDP socket, or a channel of a TURN server."""

import secrets
from copy import copy
from typing import TYPE_CHECKING, Final, Protocol

from packhorse.core.delivery.hub import SEND_BUFFER
from packhorse.core.pipes.greeting import NO_ID
from packhorse.core.pipes.pipe_session import MAX_DATAGRAM, PipeSession, State
from packhorse.pipes.drops import PipeDrop
from packhorse.pipes.paths import PathKind, PipePath
from packhorse.pipes.pipe import Pipe
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import MAX_RELIABLE_MESSAGE, MAX_UNRELIABLE_MESSAGE, Mode
from packhorse.wire.errors import (
    LocalProtocolError,
    ParseError,
    PipeClosedError,
    PipeLostError,
)
from packhorse.wire.frames import RELIABLE_MODES

if TYPE_CHECKING:
    import asyncio

_LOST: Final = {
    State.CLOSED: PipeClosedError("the other end closed it"),
    State.LOST: PipeLostError(
        "the other end is silent",
        "check that it runs, and that no firewall blocks UDP between the two",
    ),
}


class Carrier(Protocol):
    """Takes datagrams to one other end."""

    kind: PathKind

    @property
    def local(self) -> TransportAddress | None:
        """Own address."""

    @property
    def remote(self) -> TransportAddress | None:
        """Where datagrams go."""

    def send(self, data: bytes) -> bool:
        """Send a datagram; False when that is impossible now."""

    def move(self, address: TransportAddress) -> None:
        """Send to another address from now on: the other end speaks from there."""

    async def aclose(self) -> None:
        """Free what carries the datagrams; harmless when closed."""


class SessionPipe(Pipe):
    """Messages in one of the four modes, through the delivery layer."""

    def __init__(
        self, carrier: Carrier, mode: Mode, *, timeout: float = 10.0, peer: bytes = NO_ID
    ) -> None:
        """Begin to look for the other end.

        Args:
            carrier: Of its datagrams; closed with the pipe.
            mode: Which promises all its messages travel with.
            timeout: Seconds until the other end must have answered.
            peer: Id of the other end where its HELLO came first.
        """
        super().__init__(is_reliable=mode in RELIABLE_MODES)
        self.mode = mode
        """Which promises the messages travel with."""
        self._carrier = carrier
        now = self._loop.time()
        self._session = PipeSession(secrets.token_bytes, now=now, timeout=timeout, peer=peer)
        self._timer: asyncio.TimerHandle | None = None
        self._is_woken = False
        self.wake()

    @property
    def own_id(self) -> bytes:
        """What datagrams for this pipe carry."""
        return self._session.own_id

    @property
    def path(self) -> PipePath:
        """What carries the messages now."""
        carrier = self._carrier
        rtt = self._session.rtt.smoothed
        return PipePath(carrier.kind, carrier.local, carrier.remote, rtt)

    @property
    def is_idle(self) -> bool:
        """Tell whether everything reliable has arrived."""
        return self._session.is_idle

    def try_send(self, data: bytes) -> bool:
        """Send a message at once; False when there is no place for it now.

        Raises:
            LocalProtocolError: It is over 16 MiB, or 64 KiB in the unreliable modes.
            PipeClosedError: The pipe has ended.
        """
        self._raise_if_closed()
        limit = MAX_RELIABLE_MESSAGE if self._is_reliable else MAX_UNRELIABLE_MESSAGE
        if len(data) > limit:
            raise LocalProtocolError(f"message of {len(data)} bytes, must be at most {limit}")
        if self._is_reliable and self._session.queued_bytes >= SEND_BUFFER:
            return False
        self._session.push(data, self.mode)
        self.wake()
        return True

    async def opened(self) -> None:
        """Wait until the other end has answered.

        Raises:
            PipeClosedError: It has not in time, or has closed the pipe.
        """
        while self._session.state is State.OPENING:
            self._raise_if_closed()
            await self._change()
        self._raise_if_closed()

    @property
    def is_open(self) -> bool:
        """Tell whether each end knows that the other knows it, and the pipe has not ended."""
        return self._session.state is State.OPEN and not self.is_closed

    def take_datagram(self, data: bytes, source: TransportAddress) -> bool:
        """Take in a datagram; False when it is not for this pipe or cannot be read."""
        try:
            messages = self._session.receive_datagram(data, now=self._loop.time())
        except ParseError:
            self.drops[PipeDrop.MALFORMED] += 1
            self.wake()
            return False
        if source != self._carrier.remote:
            self._carrier.move(source)
            self._session.change_path(now=self._loop.time())
            self._path_changed()
        for message in messages:
            self._deliver(message.data)
        self.wake()
        return True

    def redirect(self, address: TransportAddress) -> None:
        """Send to another address from now on: the other end has moved there."""
        self._carrier.move(address)

    def renewed(self) -> None:
        """Note that the carrier has another address now: the other end must learn it."""
        self._session.change_path(now=self._loop.time())
        self._session.probe()
        self._path_changed()
        self.wake()

    def fail(self, error: PipeClosedError) -> None:
        """End the pipe: its carrier is gone."""
        self._session.close(now=self._loop.time())
        self._finish(error)
        self._disarm()

    def wake(self) -> None:
        """Let the session act soon; what comes together is sent together."""
        if not self._is_woken and not self.is_closed:
            self._is_woken = True
            self._loop.call_soon(self._run)

    def _on_taken(self, data: bytes) -> None:
        if self._is_reliable:
            self._session.consume(len(data))
            self.wake()

    def _run(self) -> None:
        self._is_woken = False
        if self.is_closed:
            return
        now = self._loop.time()
        self._session.handle_timeout(now=now)
        for datagram in self._session.datagrams_to_send(now=now):
            self._carrier.send(datagram)
        if self._session.state in _LOST:
            self._finish(copy(_LOST[self._session.state]))
        self._arm(now)
        self._tell()

    def _arm(self, now: float) -> None:
        self._disarm()
        deadline = self._session.next_timeout(now=now)
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._run)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _shut(self) -> None:
        for datagram in self._session.close(now=self._loop.time()):
            self._carrier.send(datagram)
        self._disarm()
        await self._carrier.aclose()


class PlainPipe(Pipe):
    """Datagrams as they are: for other ends that know nothing of Packhorse."""

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(is_reliable=False)
        self._carrier = carrier

    @property
    def path(self) -> PipePath:
        """What carries the datagrams now; their round-trip time is not known."""
        return PipePath(self._carrier.kind, self._carrier.local, self._carrier.remote, None)

    def try_send(self, data: bytes) -> bool:
        """Send a datagram at once; False when the system refuses.

        Raises:
            LocalProtocolError: It is over 1200 bytes.
            PipeClosedError: The pipe has ended.
        """
        self._raise_if_closed()
        if len(data) > MAX_DATAGRAM:
            raise LocalProtocolError(
                f"datagram of {len(data)} bytes, must be at most {MAX_DATAGRAM}"
            )
        return self._carrier.send(data)

    def take_datagram(self, data: bytes, _source: TransportAddress) -> bool:
        """Take in a datagram."""
        self._deliver(data)
        return True

    def redirect(self, address: TransportAddress) -> None:
        """Send to another address from now on: the other end has moved there."""
        self._carrier.move(address)

    def renewed(self) -> None:
        """Note that the carrier has another address now."""
        self._path_changed()

    def fail(self, error: PipeClosedError) -> None:
        """End the pipe: its carrier is gone."""
        self._finish(error)

    def _on_taken(self, _data: bytes) -> None:
        """Do nothing: who sends does not wait."""

    async def _shut(self) -> None:
        await self._carrier.aclose()


DatagramPipe = SessionPipe | PlainPipe
