"""Rooms that a relay takes up again after it was restarted.

The first member that comes back with a resume ticket brings its room back. Until the time
of the slowest client is over the room is recovering: who is not there may still come.
"""

from collections import deque

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import RESUME_ID_GAP, ErrorCode
from packhorse.wire.header import HOST
from packhorse.wire.messages import Bind
from packhorse.wire.room_code import RoomCode
from packhorse_relay.core.members import Members
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.resume_tickets import TicketContent
from packhorse_relay.core.rooms import Room, Session
from packhorse_relay.core.settings import Settings


class Recovery:
    """Decides which tickets bring a session back, and when a room has to do without."""

    def __init__(
        self, settings: Settings, registry: Registry, members: Members, *, now: float
    ) -> None:
        self._settings = settings  # of the start: the sessions of former runs know no others
        self._registry = registry
        self._members = members
        self._ends_at = now + settings.host_removed_after
        self._first_new_peers: dict[RoomCode, int] = {}  # rooms restored in this run
        self._spent: set[int] = set()  # ids of sessions restored in this run
        self._completions: deque[tuple[float, RoomCode]] = deque()
        self._host_deadlines: deque[tuple[float, RoomCode]] = deque()

    def refusal(
        self, content: TicketContent, address: TransportAddress, *, now: float
    ) -> ErrorCode | None:
        """Return why a session cannot be restored at `address`, or None when it can.

        Tickets count only in the first `host_removed_after` of a run: later nobody who was
        in a room before is still waiting for the relay.
        """
        if now >= self._ends_at or not self._is_open_to(content):
            return ErrorCode.SESSION_UNKNOWN
        room = self._registry.rooms.get(content.code)
        if room is not None and content.peer in room.barred:
            return ErrorCode.KICKED
        registry = self._registry
        is_new_room = content.code not in registry.rooms
        if registry.is_full_for_session() or (is_new_room and registry.is_full_for_room()):
            return ErrorCode.RELAY_FULL
        has_room_quota = content.peer != HOST or registry.has_room_quota(source_of(address))
        if not (has_room_quota and registry.has_session_quota(address)):
            return ErrorCode.QUOTA
        return None

    def restore(
        self, content: TicketContent, bind: Bind, address: TransportAddress, *, now: float
    ) -> Session:
        """Restore a session that `refusal` lets pass, and its room if it is the first."""
        room = self._registry.rooms.get(content.code) or self._restore_room(content, now)
        self._spent.add(content.session)
        is_guarded = content.is_guarded or (content.peer == HOST and bind.guarded is True)
        if is_guarded and not room.has_host:
            room.is_locked = True  # until the host says again who may join
        session = self._registry.restore_session(
            room, content, address, bind.nonce, bind.max_datagram, now=now
        )
        session.restarts = content.restarts
        if bind.restarted:
            session.note_restart()
        if session.peer == HOST:
            self._registry.charge_room(room, session.source)
        self._members.watch(session)
        self._members.announce_joined(session)
        return session

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` next has work."""
        waiting = [queue[0][0] for queue in (self._completions, self._host_deadlines) if queue]
        return min(waiting, default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Tell rooms who has not come back; close those whose host has not."""
        while self._completions and self._completions[0][0] <= now:
            self._complete(self._completions.popleft()[1])
        while self._host_deadlines and self._host_deadlines[0][0] <= now:
            self._close_without_host(self._host_deadlines.popleft()[1], now)

    def _is_open_to(self, content: TicketContent) -> bool:
        registry = self._registry
        is_known = content.session in registry.sessions or content.session in registry.tombstones
        if is_known or content.session in self._spent:
            return False
        room = registry.rooms.get(content.code)
        if room is None:
            return content.code not in self._first_new_peers
        may_return = room.is_recovering or (content.peer == HOST and not room.has_host)
        is_old_id = content.peer < self._first_new_peers.get(content.code, 0)
        return may_return and is_old_id and content.peer not in room.sessions

    def _restore_room(self, content: TicketContent, now: float) -> Room:
        room = self._registry.restore_room(content)
        room.next_peer = content.next_peer + RESUME_ID_GAP
        self._first_new_peers[room.code] = room.next_peer
        self._completions.append((now + self._settings.client_removed_after, room.code))
        self._host_deadlines.append((now + self._settings.host_removed_after, room.code))
        return room

    def _complete(self, code: RoomCode) -> None:
        """From now on whoever is not in the roster has left."""
        room = self._registry.rooms.get(code)
        if room is not None and room.is_recovering:
            room.is_recovering = False
            room.forget_history()
            for session in room.sessions.values():
                self._members.send_roster(session)

    def _close_without_host(self, code: RoomCode, now: float) -> None:
        room = self._registry.rooms.get(code)
        if room is not None and not room.has_host:
            self._members.close_clients(room, ErrorCode.HOST_LOST, now=now)
