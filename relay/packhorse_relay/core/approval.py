"""Requests to join that wait until the host decides."""

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import (
    APPROVAL,
    PENDING_PER_ROOM,
    PENDING_PER_SOURCE,
    PENDING_REPEAT,
    ErrorCode,
)
from packhorse.wire.header import HOST
from packhorse.wire.messages import Admit, Join, JoinRequest
from packhorse_relay.core.members import Members
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.request import Request
from packhorse_relay.core.rooms import Attempt, Room, Session, attempt_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True, eq=False)
class Waiting:
    """One request to join."""

    id: int
    """Counts up in the room."""
    room: Room
    join: Join
    request: Request
    expires_at: float
    told_at: float
    """When the host was told last."""
    verdict: ErrorCode | None = None
    """Why it was refused; None while it waits."""


class Approvals:
    """All requests that wait, and those that were refused a moment ago (SPEC.md section 5.11).

    Refused ones stay until their time is over, so that a repeated JOIN gets the same answer.
    """

    def __init__(self, registry: Registry, members: Members) -> None:
        self._registry = registry
        self._members = members
        self._waiting: OrderedDict[Attempt, Waiting] = OrderedDict()  # by expiry
        self._by_room: dict[Room, dict[int, Waiting]] = {}  # by number; at most 16 in a room
        self.admit: Callable[[Waiting, float], int] = lambda *_: ErrorCode.INTERNAL
        """Makes a member of who was admitted; returns 0 or why that cannot be."""
        self.refuse: Callable[[Waiting], None] = lambda _: None
        """Tells somebody that the answer is no."""

    def __len__(self) -> int:
        return len(self._waiting)

    def find(self, source: TransportAddress, nonce: bytes, cookie: bytes) -> Waiting | None:
        """Return the request that a JOIN repeats; its cookie may have become old meanwhile."""
        waiting = self._waiting.get(attempt_of(source, nonce))
        is_same = waiting is not None and hmac.compare_digest(waiting.join.cookie, cookie)
        return waiting if is_same else None

    def remind(self, waiting: Waiting, *, now: float) -> None:
        """Tell the host again about a request that was repeated, or refuse it with its room."""
        if waiting.verdict is None and not self._is_open(waiting.room):
            waiting.verdict = ErrorCode.JOIN_DENIED
        if waiting.verdict is None and now - waiting.told_at >= PENDING_REPEAT / 2:
            self._tell_host(waiting, now)

    def hold(self, room: Room, join: Join, request: Request) -> bool:
        """Let a request wait and tell the host; False when there is no place.

        An address has one request for each nonce: another cookie makes no other of it.
        """
        is_known = attempt_of(request.source, join.nonce) in self._waiting
        if is_known or not self._has_place(room, source_of(request.source)):
            return False
        room.next_request += 1
        now = request.now
        waiting = Waiting(room.next_request, room, join, request, now + APPROVAL, now)
        self._keep(waiting)
        self._tell_host(waiting, now)
        return True

    def decide(self, session: Session, message: Admit, *, now: float) -> int:
        """Act upon the host's decision; returns 0 or why not (ADM-8)."""
        if session.peer != HOST:
            return ErrorCode.NOT_ALLOWED
        waiting = self._named(session.room, message.request)
        if waiting is None or waiting.expires_at <= now:
            return ErrorCode.REQUEST_UNKNOWN
        code = self.admit(waiting, now) if message.admit else ErrorCode.JOIN_DENIED
        if not code:
            self._forget(waiting)
            return 0
        waiting.verdict = ErrorCode(code)
        self.refuse(waiting)
        return code if message.admit else 0

    def next_timeout(self) -> float | None:
        """Return when a request has waited for too long."""
        return next((each.expires_at for each in self._waiting.values()), None)

    def handle_timeout(self, *, now: float) -> None:
        """Refuse what has waited for too long (ADM-9)."""
        while self._waiting and next(iter(self._waiting.values())).expires_at <= now:
            waiting = next(iter(self._waiting.values()))
            self._forget(waiting)
            if waiting.verdict is None:
                waiting.verdict = ErrorCode.JOIN_DENIED
                self.refuse(waiting)

    def _named(self, room: Room, request: int) -> Waiting | None:
        waiting = self._by_room.get(room, {}).get(request)
        return waiting if waiting is not None and waiting.verdict is None else None

    def _keep(self, waiting: Waiting) -> None:
        self._waiting[_attempt(waiting)] = waiting
        self._by_room.setdefault(waiting.room, {})[waiting.id] = waiting

    def _forget(self, waiting: Waiting) -> None:
        del self._waiting[_attempt(waiting)]
        held = self._by_room[waiting.room]
        del held[waiting.id]
        if not held:
            del self._by_room[waiting.room]

    def _has_place(self, room: Room, source: bytes) -> bool:
        held = self._by_room.get(room, {})
        own = [each for each in held.values() if source_of(each.request.source) == source]
        return len(held) < PENDING_PER_ROOM and len(own) < PENDING_PER_SOURCE

    def _is_open(self, room: Room) -> bool:
        return self._registry.rooms.get(room.code) is room

    def _tell_host(self, waiting: Waiting, now: float) -> None:
        waiting.told_at = now
        host = waiting.room.sessions[HOST]
        name = waiting.join.name or ""
        message = JoinRequest(seq=host.take_seq(), request=waiting.id, name=name)
        self._members.send(host, message)


def _attempt(waiting: Waiting) -> Attempt:
    return attempt_of(waiting.request.source, waiting.join.nonce)
