"""Where joining stands, in words for people."""

from enum import Enum


class Stage(Enum):
    """What is being waited for; `value` completes "failed while ..."."""

    RESOLVING = "resolving the relay's name"
    REACHING = "reaching the relay"
    JOINING = "joining the room"
    WAITING = "waiting for the host to admit us"
    READING_ROSTER = "reading the roster"
    CONNECTED = "connected"
