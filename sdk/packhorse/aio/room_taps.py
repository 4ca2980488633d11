"""What of a room goes to its pipes instead of to the application."""

from collections.abc import Callable
from typing import NamedTuple

from packhorse.core.events import Event, Message, PeerId, PeerLeft, PeerPathChanged
from packhorse.wire.constants import Mode
from packhorse.wire.errors import LocalProtocolError, PackhorseError


class TapKey(NamedTuple):
    """What one pipe takes."""

    peer: PeerId
    channel: int
    mode: Mode


class Tap(NamedTuple):
    """Where it goes."""

    on_message: Callable[[Message], None]
    on_event: Callable[[Event], None]
    """Called with what concerns the peer."""
    on_progress: Callable[[], None]
    """Called after something was sent, received or due."""
    on_end: Callable[[PackhorseError | None], None]
    """Called when the room has ended; None: this side left."""


class RoomTaps:
    """The taps of one room, at most one for each peer, channel and mode."""

    def __init__(self) -> None:
        self._taps: dict[TapKey, Tap] = {}

    def add(self, key: TapKey, tap: Tap) -> None:
        """Send what fits `key` there from now on.

        Raises:
            LocalProtocolError: It goes elsewhere already.
        """
        if key in self._taps:
            raise LocalProtocolError(
                f"peer {key.peer} has a pipe on channel {key.channel} in mode {key.mode.name}"
            )
        self._taps[key] = tap

    def remove(self, key: TapKey) -> None:
        """Let it go to the application again; harmless when it does."""
        self._taps.pop(key, None)

    def take(self, event: Event) -> bool:
        """Tell pipes what concerns them; True when it is for nobody else."""
        match event:
            case Message(_, source, mode, channel) if self._taps:
                tap = self._taps.get(TapKey(source, channel, mode))
                if tap is not None:
                    tap.on_message(event)
                return tap is not None
            case PeerLeft(peer) | PeerPathChanged(peer):
                for key, tap in list(self._taps.items()):
                    if key.peer == peer:
                        tap.on_event(event)
            case _:
                pass
        return False

    def progress(self) -> None:
        """Tell all that something was sent, received or due."""
        for tap in list(self._taps.values()):
            tap.on_progress()

    def end(self, error: PackhorseError | None) -> None:
        """Tell all that the room has ended."""
        taps, self._taps = self._taps, {}
        for tap in taps.values():
            tap.on_end(error)
