"""The addresses of one peer (SPEC.md sections 18.4 and 18.5)."""

from collections.abc import Iterator

from packhorse.core.direct.check_plan import CheckPlan
from packhorse.core.direct.remote import Remote
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import (
    MAX_REMOTES,
    MEETING_PORT,
    MEETING_SOCKETS,
    SWITCH_RTT,
    SWITCH_SHARE,
    CandidateKind,
)


class Remotes:
    """Which addresses are checked, and which is the best."""

    def __init__(self) -> None:
        self._by_address: dict[TransportAddress, Remote] = {}
        self._offered: dict[TransportAddress, CandidateKind] = {}
        self._met: tuple[list[TransportAddress], list[TransportAddress]] = ([], [])

    def __iter__(self) -> Iterator[Remote]:
        return iter(self._by_address.values())

    def get(self, address: TransportAddress) -> Remote | None:
        """Return what is known of an address."""
        return self._by_address.get(address)

    def offer(self, candidates: list[Candidate]) -> None:
        """Take the peer's candidates; what is neither offered nor proven any more goes."""
        self._offered = {candidate.address: candidate.kind for candidate in candidates}
        kept = self._by_address.values()
        self._by_address = {
            remote.address: remote
            for remote in kept
            if remote.is_learned
            or remote.is_proven
            or remote.address.listener
            or remote.address in self._offered
        }
        for address in self._offered:
            self._add(address, is_learned=False)

    def learn(self, address: TransportAddress) -> Remote | None:
        """Return the address a valid CHECK came from, as a new one if need be."""
        return self._by_address.get(address) or self._add(address, is_learned=True)

    def begin_attempt(self, *, at: float) -> None:
        """Plan the checks of all addresses that are not proven."""
        self._forget_meeting()
        for remote in self._by_address.values():
            if not remote.is_proven:
                remote.answered_at = None
                kind = self._offered.get(remote.address)
                opens = kind not in {None, CandidateKind.HOST}
                remote.plan = self._plan(remote, at, opens=opens)

    def join_attempt(self, *, at: float) -> None:
        """Plan the checks of what has come to be known since the attempt began."""
        for remote in self._by_address.values():
            if not remote.is_proven and remote.plan is None:
                remote.plan = self._plan(remote, at, opens=False)

    def meet(self, own: list[TransportAddress], *, at: float) -> None:
        """Check one predicted address from more sockets, once both sides predict anew.

        The peer checks all that this side predicts, one of them from the port that is expected
        here; the sockets get the ports around that one. Those checks come first.

        Args:
            own: What this side predicts.
            at: When the checks begin.

        Source: protocol_spec/SPEC.md section 18.4.
        """
        kinds = self._offered.items()
        peer = [address for address, kind in kinds if kind is CandidateKind.PREDICTED]
        is_new = own != self._met[0] and peer != self._met[1]
        if not own or len(peer) < MEETING_PORT or not is_new:
            return
        self._met = (own, peer)
        target = peer[MEETING_PORT - 1]
        for number in range(1, MEETING_SOCKETS + 1):
            remote = self._add(target._replace(listener=number), is_learned=False)
            if remote is not None:
                remote.plan = CheckPlan.for_predicted(starts_at=at, waits=False)

    def end_attempt(self) -> None:
        """Check no address any more that is not proven."""
        for remote in self._by_address.values():
            remote.plan = None

    def best(self, used: Remote | None, *, now: float) -> Remote | None:
        """Return the address to use: the one in use, unless another is clearly better."""
        trusted = [remote for remote in self if remote.is_trusted(now=now)]
        best = min(trusted, key=lambda remote: remote.score, default=None)
        if used is None or best is None or used not in trusted:
            return best
        gain = max(SWITCH_RTT, SWITCH_SHARE * max(used.score, 0.0))
        return best if used.score - best.score >= gain else used

    def _add(self, address: TransportAddress, *, is_learned: bool) -> Remote | None:
        if address not in self._by_address:
            if len(self._by_address) >= MAX_REMOTES and not self._make_place():
                return None
            self._by_address[address] = Remote(address, is_learned=is_learned)
        return self._by_address[address]

    def _plan(self, remote: Remote, at: float, *, opens: bool) -> CheckPlan:
        if self._offered.get(remote.address) is CandidateKind.PREDICTED:
            return CheckPlan.for_predicted(starts_at=at)
        return CheckPlan(starts_at=at, opens=opens)

    def _forget_meeting(self) -> None:
        """Forget the sockets of the last attempt that have come to nothing."""
        self._by_address = {
            remote.address: remote
            for remote in self
            if remote.is_learned or remote.is_proven or not remote.address.listener
        }

    def _make_place(self) -> bool:
        """Forget the oldest learned address that has come to nothing."""
        for address, remote in self._by_address.items():
            if remote.is_learned and not remote.is_proven and remote.plan is None:
                del self._by_address[address]
                return True
        return False
