"""What the relay tells of itself: counts for everybody, codes only when asked for."""

import heapq
import ipaddress
import statistics
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from packhorse.aio.udp import SocketAddress
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, Topology
from packhorse.wire.room_code import show_room_code
from packhorse_relay.admin.history import Counts, Gauges, History, Sample
from packhorse_relay.admin.traffic import Traffic
from packhorse_relay.core.connections import ConnectionEnd
from packhorse_relay.core.rooms import Room, Session, label_of
from packhorse_relay.core.settings import Settings

MAX_ROOMS_LISTED: Final = 100  # the largest ones
MAX_MEMBERS_LISTED: Final = 64  # of one room
_RTT_SAMPLE: Final = 1024  # members whose RTT is looked at
_Reason = TypeVar("_Reason", DropReason, ConnectionEnd)


class Relay(Protocol):
    """What of a running relay is told."""

    @property
    def addresses(self) -> list[SocketAddress]:
        """Where it listens."""

    @property
    def drops(self) -> Counter[DropReason]:
        """Datagrams that were not acted upon, by reason."""

    @property
    def datagrams_forwarded(self) -> int:
        """Datagrams that were forwarded."""

    @property
    def rooms(self) -> Collection[Room]:
        """Live rooms."""

    @property
    def room_count(self) -> int:
        """Live rooms."""

    @property
    def session_count(self) -> int:
        """Live sessions."""

    @property
    def settings(self) -> Settings:
        """Limits in force."""

    @property
    def websocket_scheme(self) -> str | None:
        """`ws`, or `wss` with TLS; None where there is no WebSocket."""

    @property
    def websocket_count(self) -> int:
        """TCP connections, open WebSockets or not."""

    @property
    def websocket_ends(self) -> Counter[ConnectionEnd]:
        """WebSocket connections that the relay refused or ended, by reason."""


class Identity(NamedTuple):
    """What does not change while a relay runs."""

    version: str
    dataplane: str
    legacy: bool
    started_at: float
    """Seconds since 1970."""


class Record(NamedTuple):
    """What is known of a relay besides what it shows by itself."""

    identity: Identity
    history: History
    traffic: Traffic


def counts_of(relay: Relay, octets: float, cpu: float) -> Counts:
    """Return what only grows."""
    return Counts(relay.datagrams_forwarded, sum(relay.drops.values()), octets, cpu)


def gauges_of(relay: Relay, lag: float, rss: int) -> Gauges:
    """Return what is so now."""
    return Gauges(
        relay.room_count,
        relay.session_count,
        relay.websocket_count,
        median_rtt(relay),
        lag,
        rss,
    )


def median_rtt(relay: Relay) -> float | None:
    """Return the median RTT in seconds, measured when a member joined or moved."""
    rtts: list[float] = []
    for room in relay.rooms:
        rtts += [each.rtt for each in room.sessions.values() if each.rtt is not None]
        if len(rtts) >= _RTT_SAMPLE:
            break
    return statistics.median(rtts) if rtts else None


def status_of(
    relay: Relay, record: Record, since: int, *, reveal: bool, now: float
) -> dict[str, Any]:
    """Return everything for the status page.

    Args:
        relay: Running.
        record: Of the last minutes.
        since: Number of the last sample that the reader has; 0 for none.
        reveal: Show room codes and addresses.
        now: Clock of the sessions, in seconds.
    """
    settings, history = relay.settings, record.history
    listed = heapq.nlargest(MAX_ROOMS_LISTED, relay.rooms, key=lambda room: len(room.sessions))
    return {
        **record.identity._asdict(),
        "listening": [str(TransportAddress(*address)) for address in relay.addresses],
        "rooms": relay.room_count,
        "max_rooms": settings.max_rooms,
        "members": relay.session_count,
        "max_members": settings.max_sessions,
        "forwarded": relay.datagrams_forwarded,
        "octets": round(record.traffic.octets),
        "drops": _by_reason(relay.drops),
        "websocket": relay.websocket_scheme,
        "connections": relay.websocket_count,
        "connection_ends": _by_reason(relay.websocket_ends),
        "last": history.last,
        "samples": _columns(history.since(since)),
        "room_list": [_room(room, record, reveal=reveal, now=now) for room in listed],
        "rooms_left_off": relay.room_count - len(listed),
    }


def masked(host: str) -> str:
    """Return the half of an address that names a network rather than a person."""
    address = ipaddress.ip_address(host)
    if address.version == 4:  # noqa: PLR2004 - IPv4
        return ".".join(host.split(".")[:2]) + ".x.x"
    return ":".join(address.exploded.split(":")[:2]) + ":x"


def _by_reason(counts: Mapping[_Reason, int]) -> dict[str, int]:
    most_first = sorted(counts.items(), key=lambda item: -item[1])
    return {reason.value: count for reason, count in most_first if count}


def _columns(samples: list[Sample]) -> dict[str, list[float | None]]:
    return {name: [getattr(each, name) for each in samples] for name in Sample._fields}


def _room(room: Room, record: Record, *, reveal: bool, now: float) -> dict[str, Any]:
    members = list(room.sessions.values())
    rate = record.traffic.of(room)
    return {
        "label": label_of(room.code),
        "code": show_room_code(room.code) if reveal else None,
        "topology": Topology(room.topology).name.lower(),
        "count": len(members),
        "max": room.max_peers,
        "datagrams": round(rate.datagrams, 1),
        "octets": round(rate.octets),
        "members": [_member(each, reveal, now) for each in members[:MAX_MEMBERS_LISTED]],
    }


def _member(session: Session, reveal: bool, now: float) -> dict[str, Any]:  # noqa: FBT001 - private
    return {
        "peer": session.peer,
        "state": "lost" if session.is_lost else "present",
        "heard": round(max(0.0, now - session.last_heard), 1),
        "rtt": session.rtt,
        "address": _address(session.address, reveal=reveal),
    }


def _address(address: TransportAddress, *, reveal: bool) -> str:
    return str(address) if reveal else masked(address.host)
