"""Who is in the room: kept in step with the relay by revision.

The relay tells every change once. A member that finds a gap, or hears of a newer revision,
asks for what it missed and gets the events or, page by page, the whole roster.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from packhorse.core.events import PeerEvent, PeerFound, PeerId, PeerJoined, PeerLeft, PeerLost
from packhorse.wire.constants import GENERATIONS, ErrorCode, PeerState, RoomEventKind

Records = Sequence[Sequence[int]]
_STATES: Final = len(PeerState)


class Roster:
    """Members of a room by peer id, at a revision."""

    def __init__(self) -> None:
        self.rev = 0
        """Revision of `peers`; 0 before the first roster."""
        self.peers: dict[PeerId, PeerState] = {}
        self.restarts: dict[int, int] = {}
        """How often each of them was restarted, 0..63."""
        self._newest_rev = 0
        self._highest_peer = 0
        self._pages: dict[int, Records] = {}
        self._pages_rev = 0

    @property
    def is_behind(self) -> bool:
        """Tell whether the relay has a newer revision."""
        return self.rev < self._newest_rev

    def may_come(self, peer: int) -> bool:
        """Tell whether an unknown peer id can be that of a member not yet announced."""
        return peer > self._highest_peer

    def hear_of(self, rev: int) -> None:
        """Note that the relay is at revision `rev`."""
        self._newest_rev = max(self._newest_rev, rev)

    def apply_events(self, records: Records) -> list[PeerEvent]:
        """Apply EVENTS; those behind a gap wait for a SYNC."""
        changes: list[PeerEvent] = []
        for rev, kind, peer, code in records:
            self.hear_of(rev)
            if self.rev and rev == self.rev + 1:
                self.rev = rev
                changes += self._apply(kind, PeerId(peer), code)
        return changes

    def begin_again(self, rev: int) -> None:
        """Take the next complete roster, whatever its revision: the relay may count anew."""
        self.rev, self._newest_rev = 0, rev
        self._pages, self._pages_rev = {}, 0

    def apply_page(
        self, rev: int, page: int, pages: int, records: Records, *, is_recovering: bool = False
    ) -> list[PeerEvent]:
        """Take in one page of ROSTER; the last missing one replaces the roster.

        In a recovering room whoever is not listed may still come back: such a peer is lost.
        """
        self.hear_of(rev)
        if rev < max(self.rev, self._pages_rev) or page >= pages:
            return []
        if rev > self._pages_rev:
            self._pages, self._pages_rev = {}, rev
        self._pages[page] = records
        if len(self._pages) < pages:
            return []
        entries = [record for number in sorted(self._pages) for record in self._pages[number]]
        self._pages = {}
        self.rev = rev
        return self._replace(entries, is_recovering=is_recovering)

    def _apply(self, kind: int, peer: PeerId, code: int) -> Iterable[PeerEvent]:
        if kind == RoomEventKind.PEER_JOINED:
            return self._add(peer, PeerState.PRESENT, code % GENERATIONS)
        if peer not in self.peers:
            return []
        if kind == RoomEventKind.PEER_LEFT:
            self._remove(peer)
            return [PeerLeft(peer, code)]
        if kind == RoomEventKind.PEER_LOST:
            return self._set_state(peer, PeerState.LOST)
        if kind == RoomEventKind.PEER_FOUND:
            return self._set_state(peer, PeerState.PRESENT)
        return []

    def _replace(self, entries: Records, *, is_recovering: bool) -> list[PeerEvent]:
        wanted = {PeerId(peer): number for peer, number in entries}
        changes: list[PeerEvent] = []
        for peer in [peer for peer in self.peers if peer not in wanted]:
            if is_recovering:
                changes += self._set_state(peer, PeerState.LOST)
                continue
            self._remove(peer)
            changes.append(PeerLeft(peer))
        for peer, number in wanted.items():
            restarts, state = divmod(number, _STATES)
            changes += self._add(peer, PeerState(state), restarts % GENERATIONS)
        return changes

    def _add(self, peer: PeerId, state: PeerState, restarts: int) -> list[PeerEvent]:
        if peer in self.peers and self.restarts[peer] == restarts:
            return self._set_state(peer, state)
        changes: list[PeerEvent] = []
        if peer in self.peers:
            changes.append(PeerLeft(peer, ErrorCode.REPLACED))
        self.peers[peer] = state
        self.restarts[peer] = restarts
        self._highest_peer = max(self._highest_peer, peer)
        changes.append(PeerJoined(peer))
        return [*changes, PeerLost(peer)] if state is PeerState.LOST else changes

    def _remove(self, peer: PeerId) -> None:
        del self.peers[peer], self.restarts[peer]

    def _set_state(self, peer: PeerId, state: PeerState) -> list[PeerEvent]:
        if self.peers[peer] is state:
            return []
        self.peers[peer] = state
        return [PeerLost(peer) if state is PeerState.LOST else PeerFound(peer)]
