"""Whom a host has removed: a relay that was restarted has to be told again."""

from packhorse.core.events import PeerId
from packhorse.wire.constants import BANS_PER_ROOM


class KickList:
    """The newest kicks of this member; told again once in each epoch."""

    def __init__(self) -> None:
        self._kicked: dict[PeerId, bool] = {}  # id to whether it is banned too, oldest first
        self._is_told = True
        self._own_requests: set[int] = set()

    def add(self, peer: PeerId, *, ban: bool) -> None:
        """Remember a kick; the oldest gives way."""
        self._kicked.pop(peer, None)
        self._kicked[peer] = ban
        if len(self._kicked) > BANS_PER_ROOM:
            del self._kicked[next(iter(self._kicked))]

    def begin_epoch(self) -> None:
        """Note that the relay may have forgotten all of them."""
        self._is_told = False

    def take_untold(self) -> list[tuple[PeerId, bool]]:
        """Return (id, whether banned) of those that the relay has to be told again, once."""
        untold = [] if self._is_told else list(self._kicked.items())
        self._is_told = True
        return untold

    def note_request(self, seq: int) -> None:
        """Remember that a request was not the application's."""
        self._own_requests.add(seq)

    def end_request(self, seq: int) -> bool:
        """Forget a request that has ended; True when it was not the application's."""
        is_own = seq in self._own_requests
        self._own_requests.discard(seq)
        return is_own
