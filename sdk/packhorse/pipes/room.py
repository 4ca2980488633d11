"""Pipes to a member of a room: over the relay first, directly where that works."""

from typing import TYPE_CHECKING, Final

from packhorse.aio.room_session import RoomSession
from packhorse.aio.room_taps import Tap, TapKey
from packhorse.core.events import Event, Message, PeerId, PeerLeft, PeerPathChanged
from packhorse.pipes.paths import PathKind, PipePath
from packhorse.pipes.pipe import Pipe
from packhorse.wire.constants import Mode
from packhorse.wire.errors import (
    LocalProtocolError,
    PackhorseError,
    PipeClosedError,
    PipeLostError,
)
from packhorse.wire.frames import MAX_CHANNEL, RELIABLE_MODES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PIPE_CHANNEL: Final = MAX_CHANNEL
"""Channel of a room that pipes use unless another is named."""


class RoomPipe(Pipe):
    """The messages of one peer in one mode on one channel of a room."""

    def __init__(self, room: RoomSession, peer: int, mode: Mode, channel: int) -> None:
        """Take over what this peer sends in this mode on this channel.

        Raises:
            LocalProtocolError: There is no such peer or channel, or such a pipe exists.
        """
        super().__init__(is_reliable=mode in RELIABLE_MODES)
        if peer not in room.peers:
            raise LocalProtocolError(f"peer {peer} is not in the room")
        if not 0 <= channel <= MAX_CHANNEL:
            raise LocalProtocolError(f"channel {channel}, must be 0..{MAX_CHANNEL}")
        self.room = room
        """Where the other end is a member."""
        self.on_shut: Callable[[], Awaitable[None]] | None = None
        """Awaited when this side closes the pipe: leaves a room that is the pipe's own."""
        self.is_direct_only = False
        """Close the pipe when only the relay is left; see `open_pipe`."""
        self._key = TapKey(PeerId(peer), channel, mode)
        tap = Tap(self._take_message, self._take_event, self._tell, self._end)
        room.taps.add(self._key, tap)

    @property
    def peer(self) -> PeerId:
        """The other end."""
        return self._key.peer

    @property
    def mode(self) -> Mode:
        """Which promises the messages travel with."""
        return self._key.mode

    @property
    def path(self) -> PipePath:
        """The direct address of the peer, or that of the relay."""
        direct = self.room.peer_path(self.peer)
        rtt = self.room.peer_statistics(self.peer).rtt
        if direct is not None:
            return PipePath(PathKind.DIRECT, None, direct, rtt)
        return PipePath(PathKind.RELAY, self.room.mapped_address, self.room.relay_address, rtt)

    @property
    def seen_host(self) -> str | None:
        """Own address as the relay sees it, whatever carries the messages."""
        return self.room.mapped_address.host

    @property
    def is_idle(self) -> bool:
        """Tell whether everything reliable has arrived, in the room as a whole."""
        return self.room.is_idle

    def try_send(self, data: bytes) -> bool:
        """Send a message at once; raises what `Room.try_send` does, or PipeClosedError."""
        self._raise_if_closed()
        return self.room.try_send(data, to=self.peer, mode=self.mode, channel=self._key.channel)

    async def direct(self) -> None:
        """Wait until messages go directly.

        Raises:
            PipeClosedError: The pipe has ended.
        """
        while self.room.peer_path(self.peer) is None:
            self._raise_if_closed()
            await self._change()

    def _on_taken(self, data: bytes) -> None:
        self.room.consume(Message(data, self.peer, self.mode, self._key.channel))

    def _take_message(self, message: Message) -> None:
        self._deliver(message.data)

    def _take_event(self, event: Event) -> None:
        if isinstance(event, PeerLeft):
            self.room.taps.remove(self._key)
            self._finish(PipeClosedError("the other end left the room"))
        elif isinstance(event, PeerPathChanged):
            self._path_changed()
            self._tell()
            if self.is_direct_only and event.address is None:
                self.room.taps.remove(self._key)
                self._finish(PipeLostError("the direct path is lost"))

    def _end(self, error: PackhorseError | None) -> None:
        self.room.taps.remove(self._key)
        if error is None:
            self._finish(PipeClosedError("this side left the room"))
        else:
            self._finish(PipeLostError(str(error), error.advice))

    async def _shut(self) -> None:
        self.room.taps.remove(self._key)
        if self.on_shut is not None:
            on_shut, self.on_shut = self.on_shut, None
            await on_shut()
