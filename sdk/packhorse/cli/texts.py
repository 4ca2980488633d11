"""Events and notices in words for people, and as fields for scripts."""

import dataclasses
import re
from typing import Final, TypeAlias

from packhorse.cli.tcp_texts import service_sentence
from packhorse.core.events import (
    HOST,
    Event,
    JoinRequested,
    Limited,
    Path,
    PathChanged,
    PeerEvent,
    PeerFound,
    PeerJoined,
    PeerLeft,
    PeerLost,
    RelayDraining,
    SessionLost,
    SessionResumed,
)
from packhorse.core.streams.format import ResetReason
from packhorse.middleman.endpoint import show_address
from packhorse.middleman.notices import (
    ApplicationFound,
    ApplicationsCollide,
    ApplicationUnreachable,
    ConnectionFailed,
    HostSilent,
    NothingListens,
    Notice,
    PayloadTooLarge,
    ServiceMissing,
    TooManyConnections,
)
from packhorse.middleman.traffic import TcpTraffic, Traffic
from packhorse.wire.constants import ErrorCode

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_LEFT_BECAUSE: Final[dict[int, str]] = {
    ErrorCode.KICKED: "was removed by the host",
    ErrorCode.LEASE_EXPIRED: "was silent for too long and is gone",
}


def event_fields(event: Event | Notice) -> dict[str, Json]:
    """Return an event as a JSON object: its name in snake case and its fields."""
    fields: dict[str, Json] = {"event": _CAPITAL.sub("_", type(event).__name__).lower()}
    if dataclasses.is_dataclass(event):
        for field in dataclasses.fields(event):
            fields[field.name] = _jsonable(getattr(event, field.name))
    return fields


def event_sentence(event: Event | Notice) -> str | None:  # noqa: PLR0911 - one for each family
    """Return what a person should read of an event; None for nothing."""
    match event:
        case PeerJoined() | PeerLeft() | PeerLost() | PeerFound():
            name = "the host" if event.peer == HOST else f"peer {event.peer}"
            return f"{name} {_peer_verb(event)}"
        case SessionLost() | SessionResumed() | PathChanged() | RelayDraining() | Limited():
            return _relay_sentence(event)
        case JoinRequested(request, name):
            return f"{printable(name) or 'somebody'} wants to join (request {request})"
        case NothingListens() | ApplicationUnreachable():
            return _server_sentence(event)
        case PayloadTooLarge() | ApplicationFound() | ApplicationsCollide():
            return _application_sentence(event)
        case ServiceMissing() | HostSilent() | ConnectionFailed() | TooManyConnections():
            return service_sentence(event)
        case _:
            return None


def printable(text: str) -> str:
    """Return what a stranger wrote with everything escaped that a terminal might obey."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _relay_sentence(
    event: SessionLost | SessionResumed | PathChanged | RelayDraining | Limited,
) -> str:
    match event:
        case SessionLost():
            return "the relay does not answer; trying on"
        case SessionResumed():
            return "the relay answers again"
        case PathChanged(path):
            over = "UDP" if path is Path.RELAY_UDP else "WebSocket"
            return f"the relay is reached over {over} now, from another address"
        case RelayDraining(seconds):
            return f"the relay stops in {seconds:.0f} s at most; finish and use another one"
        case Limited(octets, datagrams):
            allowed = f"{octets} bytes and {datagrams} datagrams"
            return f"the relay drops data: it allows {allowed} a second"


def summary(traffic: Traffic) -> str:
    """Return what was carried, in one line."""
    dropped = ", ".join(f"{reason} {count}" for reason, count in traffic.drops.items()) or "none"
    datagrams = (
        f"Carried {traffic.to_room} datagrams to the room and {traffic.from_room} from it; "
        f"dropped: {dropped}."
    )
    return f"{datagrams}\n{_tcp_summary(traffic.tcp)}" if traffic.has_tcp else datagrams


def _tcp_summary(tcp: TcpTraffic) -> str:
    up, down = tcp.bytes_to_room / 1e6, tcp.bytes_from_room / 1e6
    connections = (
        "1 TCP connection" if tcp.connections == 1 else f"{tcp.connections} TCP connections"
    )
    return (
        f"Carried {connections}, {up:.1f} MB to the room and {down:.1f} MB "
        f"from it; refused: {tcp.refused or 'none'}."
    )


def _peer_verb(event: PeerEvent) -> str:
    match event:
        case PeerJoined():
            return "joined"
        case PeerLeft(_, code):
            return _LEFT_BECAUSE.get(code, "left")
        case PeerLost():
            return "is silent; waiting for it to come back"
        case PeerFound():
            return "is back"


def _server_sentence(notice: NothingListens | ApplicationUnreachable) -> str:
    where = show_address(notice.address)
    match notice:
        case NothingListens(has_listened=True):
            return f"nothing listens on {where} any more: has the game's server stopped?"
        case NothingListens():
            return f"nothing listens on {where} yet: start the game's server"
        case ApplicationUnreachable(problem=problem):
            return f"the game's server at {where} cannot be reached: {problem}"


def _application_sentence(
    notice: PayloadTooLarge | ApplicationFound | ApplicationsCollide,
) -> str:
    match notice:
        case PayloadTooLarge(size, max_size, is_cut):
            more = " and more" if is_cut else ""
            return (
                f"the game sends datagrams of {size} bytes{more}, but the path takes {max_size}: "
                "larger ones are dropped; look for a packet size or MTU setting in the game"
            )
        case ApplicationFound(address):
            return f"the game sends from {show_address(address)}"
        case ApplicationsCollide((one, other)):
            return (
                f"two programs use this port in turn, {show_address(one)} and "
                f"{show_address(other)}, and only the last one gets answers: for one of them "
                "run `packhorse join` again with another --udp port"
            )


def _jsonable(value: object) -> Json:
    """Return a field's value, a socket address as `host:port`."""
    match value:
        case (str(host), int(port)):
            return show_address((host, port))
        case tuple():
            return [_jsonable(item) for item in value]
        case ResetReason():
            return value.name.lower()
        case None | str() | int() | float():
            return value
        case _:
            return str(value)
