"""Play a game over the internet through one small relay.

async with packhorse.host("relay.example") as room:
print(room.code)
async for event in room:
if isinstance(event, packhorse.Message):
await room.send(event.data, to=event.source)
"""

import logging
from importlib.metadata import version

from packhorse.aio.entering import host, join
from packhorse.aio.resuming import resume
from packhorse.aio.room import Room
from packhorse.aio.room_finder import list_rooms
from packhorse.core.credentials import Access
from packhorse.core.events import (
    EVERYBODY,
    HOST,
    JoinRequested,
    Limited,
    Message,
    Path,
    PathChanged,
    PeerFound,
    PeerId,
    PeerJoined,
    PeerLeft,
    PeerLost,
    RelayDraining,
    SessionLost,
    SessionResumed,
)
from packhorse.core.relay_address import RelayAddress, Transport, parse_invite, parse_relay_address
from packhorse.wire.constants import DropReason, ErrorCode, Mode, Topology
from packhorse.wire.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectivityError,
    JoinDeniedError,
    LocalProtocolError,
    PackhorseError,
    ParseError,
    ProtocolError,
    QuotaReachedError,
    RateLimitedError,
    RelayRefusedError,
    RemoteProtocolError,
    RoomFullError,
    SessionClosedByError,
    SessionClosedError,
    SessionClosedOK,
    TicketError,
    TransactionTimeoutError,
    VersionError,
)
from packhorse.wire.room_list import ListedRoom

__version__ = version("packhorse")

__all__ = [
    "EVERYBODY",
    "HOST",
    "Access",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectivityError",
    "DropReason",
    "ErrorCode",
    "JoinDeniedError",
    "JoinRequested",
    "Limited",
    "ListedRoom",
    "LocalProtocolError",
    "Message",
    "Mode",
    "PackhorseError",
    "ParseError",
    "Path",
    "PathChanged",
    "PeerFound",
    "PeerId",
    "PeerJoined",
    "PeerLeft",
    "PeerLost",
    "ProtocolError",
    "QuotaReachedError",
    "RateLimitedError",
    "RelayAddress",
    "RelayDraining",
    "RelayRefusedError",
    "RemoteProtocolError",
    "Room",
    "RoomFullError",
    "SessionClosedByError",
    "SessionClosedError",
    "SessionClosedOK",
    "SessionLost",
    "SessionResumed",
    "TicketError",
    "Topology",
    "TransactionTimeoutError",
    "Transport",
    "VersionError",
    "host",
    "join",
    "list_rooms",
    "parse_invite",
    "parse_relay_address",
    "resume",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())
