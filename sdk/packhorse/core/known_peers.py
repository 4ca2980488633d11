"""Which peers the application has been told of: it sends to nobody else."""

from packhorse.core.events import PeerId, PeerJoined


class KnownPeers:
    """The peers that a message can be meant for, in the order of the news (SPEC.md 7.4).

    A peer that was restarted has left and joined at once. What the application sends before it
    is told of that is meant for the process that is gone.
    """

    def __init__(self) -> None:
        self.peers: dict[PeerId, PeerJoined] = {}
        """Those of whom the application has been told, with these news."""
        self._waiting: dict[PeerId, PeerJoined] = {}

    def expect(self, news: PeerJoined) -> None:
        """Note that the application will be told of a peer."""
        self._waiting[news.peer] = news

    def note_told(self, news: PeerJoined) -> None:
        """Note that the application is told of a peer; without effect when it has left since."""
        if self._waiting.get(news.peer) is news:
            self.peers[news.peer] = self._waiting.pop(news.peer)

    def narrowed(self, to: int) -> int:
        """Return a destination that leaves out the one peer that is not known, if there is one.

        Only 0 can be narrowed; and where several are not known, no destination leaves them out.
        """
        return -next(iter(self._waiting)) if to == 0 and len(self._waiting) == 1 else to

    def forget(self, peer: PeerId) -> None:
        """Note that a peer has left, whatever the application knows."""
        self._waiting.pop(peer, None)
        self.peers.pop(peer, None)
