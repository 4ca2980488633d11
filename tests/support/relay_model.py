"""What rooms and members a relay should have: a second, simpler account of the same rules."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import FirstByte, PeerState, Topology
from packhorse.wire.header import decode_header
from tests.support.deliveries import Delivery
from tests.support.relay_harness import RawMember

_DATA_KINDS = frozenset({FirstByte.DATA, FirstByte.FRAME})


@dataclass(slots=True, eq=False)
class ModelMember:
    """A member that the relay should have."""

    raw: RawMember
    """`raw.address` is its proven address."""
    room: "ModelRoom"
    source: bytes
    """From which it joined."""
    last_heard: float
    proven_at: float
    """When its address was last seen to receive."""
    speaks: bool = True
    """Whether it sends PING while time passes."""

    @property
    def peer(self) -> int:
        """Peer id."""
        return self.raw.peer

    @property
    def removed_after(self) -> float:
        """Seconds of silence after which it is removed."""
        return c.HOST_REMOVED_AFTER if self.peer == 1 else c.CLIENT_REMOVED_AFTER

    def is_lost(self, now: float) -> bool:
        """Tell whether it has been silent for so long that it is shown as lost."""
        return self.last_heard + c.LOST_AFTER <= now

    def is_due(self, now: float) -> bool:
        """Tell whether it was silent, or its address not proven, for so long that it is removed."""
        return min(self.last_heard, self.proven_at) + self.removed_after <= now


@dataclass(slots=True, eq=False)
class ModelRoom:
    """A room that the relay should have, or had."""

    code: str
    topology: Topology
    max_peers: int
    source: bytes
    """From which it was created."""
    members: dict[int, ModelMember] = field(default_factory=dict)
    """By peer id."""
    given: list[int] = field(default_factory=list)
    """Every peer id so far."""
    bans: set[bytes] = field(default_factory=set)

    def roster(self, now: float) -> list[tuple[int, int]]:
        """Return what ROSTER should tell."""
        states = {False: PeerState.PRESENT, True: PeerState.LOST}
        return [(peer, states[member.is_lost(now)]) for peer, member in self.members.items()]


class Model:
    """All rooms, and what should become of DATA."""

    def __init__(self) -> None:
        self.rooms: list[ModelRoom] = []
        """Ended ones included."""

    @property
    def members(self) -> list[ModelMember]:
        """Live members of all rooms."""
        return [member for room in self.rooms for member in room.members.values()]

    @property
    def live_rooms(self) -> list[ModelRoom]:
        """Rooms that have members."""
        return [room for room in self.rooms if room.members]

    def add(self, room: ModelRoom, raw: RawMember, now: float) -> ModelMember:
        """Add a member to a room, which may be new."""
        if room not in self.rooms:
            self.rooms.append(room)
        member = ModelMember(raw, room, source_of(raw.address), now, now)
        room.members[raw.peer] = member
        room.given.append(raw.peer)
        return member

    def end(self, member: ModelMember) -> list[ModelMember]:
        """Remove a member, with all others if it is the host; returns who is removed."""
        room = member.room
        ended = list(room.members.values()) if member.peer == 1 else [member]
        for each in ended:
            del room.members[each.peer]
        return ended

    def expire(self, now: float) -> list[ModelMember]:
        """Remove who has been silent for too long; returns who that is."""
        ended: list[ModelMember] = []
        for member in self.members:
            if member not in ended and member.is_due(now):
                ended += self.end(member)
        return ended

    def deliveries(self, data: bytes, source: TransportAddress) -> list[Delivery]:
        """Return what should be delivered because of a datagram."""
        if not c.HEADER_SIZE < len(data) <= c.MAX_DATAGRAM or data[0] not in _DATA_KINDS:
            return []
        header, payload = decode_header(data), data[c.HEADER_SIZE :]
        sender = self._holder(source, header.tag)
        if sender is None:
            return []
        is_fanout = header.destination <= 0
        return [
            Delivery(to.raw.grant.tag, sender.peer, is_fanout, payload, to.raw.address)
            for to in self._receivers(sender, header.destination)
        ]

    def has_quota(self, source: bytes) -> bool:
        """Tell whether a source may have another session."""
        held = [member for member in self.members if member.source == source]
        return len(held) < c.SESSIONS_PER_SOURCE

    def has_room_quota(self, source: bytes) -> bool:
        """Tell whether a source may have another room."""
        held = [room for room in self.live_rooms if room.source == source]
        return len(held) < c.ROOMS_PER_SOURCE

    def is_admitted(self, room: ModelRoom, at: TransportAddress) -> bool:
        """Tell whether a room exists and does not ban a source."""
        return bool(room.members) and source_of(at) not in room.bans

    def is_tag_taken(self, tag: int, at: TransportAddress) -> bool:
        """Tell whether a member has this tag at this address."""
        return self._holder(at, tag) is not None

    def _holder(self, at: TransportAddress, tag: int) -> ModelMember | None:
        holders = (m for m in self.members if (m.raw.address, m.raw.grant.tag) == (at, tag))
        return next(holders, None)

    def _receivers(self, sender: ModelMember, destination: int) -> Iterator[ModelMember]:
        room = sender.room
        is_star = room.topology is Topology.STAR
        if is_star and sender.peer != 1 and destination != 1:
            return
        for peer, member in room.members.items():
            is_named = peer == destination if destination > 0 else peer != -destination
            if member is not sender and is_named:
                yield member
