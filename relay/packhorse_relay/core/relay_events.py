"""What the relay tells its operator."""

from dataclasses import dataclass

from packhorse.wire.room_code import RoomCode


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A peer joined; with peer 1 a room was opened."""

    code: RoomCode
    peer: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A peer's session ended; with peer 1 its room was closed."""

    code: RoomCode
    peer: int
    cause: int
    """0 it left, else an `ErrorCode`."""


RelayEvent = SessionStarted | SessionEnded
