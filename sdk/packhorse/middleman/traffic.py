"""What a middleman has carried, and what it could not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from packhorse.wire.constants import DropReason


class Drop(StrEnum):
    """Why a middleman did not carry a datagram."""

    TOO_LARGE = "too_large"
    """The application sent more bytes than the path takes."""
    EMPTY = "empty"
    """The application sent no bytes, which a room does not carry."""
    NOT_IN_ROOM = "not_in_room"
    """The application sent before the room was joined or after it was left."""
    SEND_FAILED = "send_failed"
    """The system refused to send."""
    NOTHING_LISTENS = "nothing_listens"
    """The application's port is closed."""
    NO_APPLICATION = "no_application"
    """The host sent before the application here had sent anything."""
    OTHER_SOURCE = "other_source"
    """It came from another machine although the application is on this one."""
    OTHER_PEER = "other_peer"
    """A peer that is not the host sent to the application here."""
    UNKNOWN_PEER = "unknown_peer"
    """Its peer is no member of the room any more."""
    NO_SOCKET = "no_socket"
    """The system had no socket for one more peer."""
    NO_SERVICE = "no_service"
    """A peer named a service that is not offered here."""
    BAD_MESSAGE = "bad_message"
    """A message of another middleman made no sense."""


@dataclass(slots=True)
class TcpTraffic:
    """Counts of TCP connections since the start."""

    connections: int = 0
    """That were made."""
    open: int = 0
    """That are open now."""
    refused: int = 0
    """That could not be made, or for which there was no place."""
    bytes_to_room: int = 0
    bytes_from_room: int = 0


@dataclass(slots=True)
class Traffic:
    """Counts of datagrams, and of TCP connections, since the start."""

    to_room: int = 0
    """Datagrams from the application to the room."""
    from_room: int = 0
    """Datagrams from the room to the application."""
    own_drops: Counter[Drop] = field(default_factory=Counter)
    """By the middleman."""
    room_drops: Mapping[DropReason, int] = field(default_factory=dict)
    """By the room that is or was last joined; read-only."""
    has_tcp: bool = False
    """There are TCP services."""
    tcp: TcpTraffic = field(default_factory=TcpTraffic)

    @property
    def drops(self) -> dict[str, int]:
        """Datagrams that were not carried, by reason; no zeros."""
        total: Counter[str] = Counter()
        for counts in (self.own_drops, self.room_drops):
            total.update({reason.value: count for reason, count in counts.items()})
        return {reason: count for reason, count in sorted(total.items()) if count}
