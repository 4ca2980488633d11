"""The session behind a room: who is in it, how it is reached, and what is sent at once."""

import asyncio
from collections import Counter

from packhorse.aio.driver import SessionDriver
from packhorse.aio.room_taps import RoomTaps
from packhorse.core.delivery.hub import PeerStatistics
from packhorse.core.events import EVERYBODY, HOST, Message, Path, PeerId
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, Mode, PeerState, Topology
from packhorse.wire.errors import PackhorseError, SessionClosedOK
from packhorse.wire.frames import RELIABLE_MODES
from packhorse.wire.room_code import show_room_code


class RoomSession:
    """The part of `Room` that neither waits nor decides."""

    def __init__(self, driver: SessionDriver) -> None:
        self.taps = RoomTaps()
        """What goes to pipes; for `RoomPipe`."""
        self._driver = driver
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[PackhorseError | None] = self._loop.create_future()

    @property
    def code(self) -> str:
        """Room code as people see it, such as K7QM-2XPA."""
        return show_room_code(self._driver.session.code)

    @property
    def peer_id(self) -> PeerId:
        """Own peer id; the host is 1."""
        return self._driver.session.peer_id

    @property
    def is_host(self) -> bool:
        """Tell whether this side owns the room."""
        return self.peer_id == HOST

    @property
    def peers(self) -> frozenset[PeerId]:
        """Ids of all other members, lost ones included."""
        return frozenset(self._driver.session.roster) - {self.peer_id}

    @property
    def lost_peers(self) -> frozenset[PeerId]:
        """Ids of the members that the relay has not heard for a while."""
        roster = self._driver.session.roster
        return frozenset(peer for peer, state in roster.items() if state is PeerState.LOST)

    @property
    def topology(self) -> Topology:
        """Who may address whom."""
        return self._driver.session.topology

    @property
    def max_payload(self) -> int:
        """Largest unreliable message, bytes."""
        return self._driver.session.max_payload

    @property
    def rtt(self) -> float | None:
        """Smoothed round-trip time to the relay in seconds; None before the first PONG."""
        return self._driver.session.rtt.smoothed

    @property
    def path(self) -> Path:
        """What carries its datagrams."""
        return self._driver.path.kind

    def peer_path(self, peer: int) -> TransportAddress | None:
        """Return the address to which data for a peer goes directly; None: over the relay."""
        return self._driver.session.direct_path(PeerId(peer))

    @property
    def relay_address(self) -> TransportAddress:
        """Where datagrams for the relay go."""
        return TransportAddress(*self._driver.path.address)

    @property
    def mapped_address(self) -> TransportAddress:
        """Own address as the relay sees it."""
        return self._driver.session.mapped_address

    @property
    def saved_session(self) -> str:
        """Secret with which `resume` takes this session up again; newer ones are better."""
        return self._driver.session.saved.to_text()

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were received but not acted upon, by reason."""
        return self._driver.session.drops

    @property
    def is_idle(self) -> bool:
        """Tell whether every reliable message has arrived."""
        return self._driver.session.is_idle

    @property
    def is_closed(self) -> bool:
        """Tell whether the session has ended."""
        return self._closed.done()

    def peer_statistics(self, peer: int) -> PeerStatistics:
        """Return RTT, jitter and loss, measured by reliable messages and `ping_peer`."""
        return self._driver.session.peer_statistics(PeerId(peer))

    def try_send(
        self,
        data: bytes,
        *,
        to: int = EVERYBODY,
        mode: Mode = Mode.UNRELIABLE,
        channel: int = 0,
    ) -> bool:
        """Send a message at once; False when there is no place for it now.

        Args:
            data: Up to 16 MiB in the reliable modes, up to 64 KiB in the others.
            to: 0 all others, n peer n, -n all others but n.
            mode: Which promises it travels with.
            channel: 0..255; each mode of a channel is ordered on its own.

        An unreliable message to a peer that is not in the room goes nowhere.

        Raises:
            LocalProtocolError: An argument is outside these bounds, or the room has no
                such peer or does not let this side address it.
            SessionClosedError: The session has ended.
        """
        self._raise_if_closed()
        session = self._driver.session
        if not session.may_send(to=to, mode=mode):
            return False
        now = self._loop.time()
        datagram = session.send(data, to=to, mode=mode, channel=channel, now=now)
        if datagram is not None:
            return self._driver.send(datagram)
        self._driver.wake()
        return True

    def consume(self, message: Message) -> None:
        """Give the sender of a reliable message credit for more; for `RoomPipe`."""
        if message.mode in RELIABLE_MODES:
            self._driver.session.consume(message)
            self._driver.wake()

    def _raise_if_closed(self) -> None:
        if self._closed.done():
            raise self._closed.result() or SessionClosedOK()
