"""Play a game over the internet through one small relay.

async with packhorse.host("relay.example") as room:
print(room.code)
async for event in room:
if isinstance(event, packhorse.Message):
await room.send(event.data, to=event.source)
"""

import logging
from importlib.metadata import version

from packhorse import turn
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
    PeerPathChanged,
    RelayDraining,
    SessionLost,
    SessionResumed,
)
from packhorse.core.relay_address import RelayAddress, Transport, parse_invite, parse_relay_address
from packhorse.pipes.consumers import Subscription
from packhorse.pipes.drops import PipeDrop
from packhorse.pipes.listener import PipeListener
from packhorse.pipes.opening import listen_pipes, open_pipe
from packhorse.pipes.paths import PathKind, PipePath, Strategy
from packhorse.pipes.pipe import Pipe
from packhorse.pipes.punching import punch_tcp
from packhorse.wire.constants import DropReason, ErrorCode, Mode, Topology
from packhorse.wire.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectivityError,
    JoinDeniedError,
    LocalProtocolError,
    PackhorseError,
    ParseError,
    PipeClosedError,
    PipeLostError,
    PipeTimeoutError,
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
    TurnError,
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
    "PathKind",
    "PeerFound",
    "PeerId",
    "PeerJoined",
    "PeerLeft",
    "PeerLost",
    "PeerPathChanged",
    "Pipe",
    "PipeClosedError",
    "PipeDrop",
    "PipeListener",
    "PipeLostError",
    "PipePath",
    "PipeTimeoutError",
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
    "Strategy",
    "Subscription",
    "TicketError",
    "Topology",
    "TransactionTimeoutError",
    "Transport",
    "TurnError",
    "VersionError",
    "host",
    "join",
    "list_rooms",
    "listen_pipes",
    "open_pipe",
    "parse_invite",
    "parse_relay_address",
    "punch_tcp",
    "resume",
    "turn",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())
