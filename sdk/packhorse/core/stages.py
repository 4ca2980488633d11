"""Where joining stands, in words for people."""

from enum import Enum


class Stage(Enum):
    """What is being waited for; `value` completes "failed while ..."."""

    RESOLVING = "resolving the relay's name"
    REACHING = "reaching the relay"
    JOINING = "joining the room"
    READING_ROSTER = "reading the roster"
    CONNECTED = "connected"
