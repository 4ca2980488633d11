"""What the host may change about its room while it runs."""

from packhorse.wire.constants import ErrorCode, Topology
from packhorse.wire.header import HOST
from packhorse.wire.messages import SetRoom
from packhorse.wire.proofs import mask_password_key
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.rooms import Room, Session


class RoomOptions:
    """Acts upon SET_ROOM (SPEC.md section 7.6)."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def change(self, session: Session, message: SetRoom) -> int:
        """Do all that a member asks, or nothing; returns 0 or why not (ADM-7)."""
        room = session.room
        if session.peer != HOST:
            return ErrorCode.NOT_ALLOWED
        if message.topology not in (None, room.topology) and len(room.sessions) > 1:
            return ErrorCode.UNEXPECTED
        if message.password is not None and message.nonce is None:
            return ErrorCode.UNEXPECTED
        if message.listed and not self._registry.public.add(room):
            return ErrorCode.QUOTA
        if message.listed is False:
            self._registry.public.remove(room.code)
        self._set_topology(room, message)
        _set_places(room, message)
        _set_doors(session, message)
        return 0

    def _set_topology(self, room: Room, message: SetRoom) -> None:
        if message.topology is not None:
            room.topology = Topology(message.topology)
            self._registry.table.set_star(room.group, is_star=room.topology is Topology.STAR)


def _set_places(room: Room, message: SetRoom) -> None:
    if message.max_peers is not None:
        room.max_peers = min(message.max_peers, room.most_peers)


def _set_doors(session: Session, message: SetRoom) -> None:
    room = session.room
    if message.locked is not None:
        room.is_locked = message.locked
    if message.metadata is not None:
        room.metadata = message.metadata
    if message.approval is not None:
        room.needs_approval = message.approval
    if message.password is not None and message.nonce is not None:
        room.password_key = mask_password_key(message.password, session.key, message.nonce)
    elif message.no_password:
        room.password_key = None
