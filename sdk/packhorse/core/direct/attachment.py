"""Direct paths of one membership: who is offered what, and what comes from where."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from packhorse.core.direct.channel import DirectDatagram
from packhorse.core.direct.direct_paths import DirectPaths
from packhorse.core.events import HOST, Event, PeerId
from packhorse.core.membership import Membership
from packhorse.wire.address import TransportAddress, decode_address
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import (
    HEADER_SIZE,
    BirthdayPart,
    CandidateKind,
    DropReason,
    FirstByte,
    Kind,
    Topology,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.header import Header
from packhorse.wire.messages import Signaled

Part: TypeAlias = BirthdayPart | None
"""What a member does in birthday probing; None for nothing."""


class DirectAttachment:
    """Joins direct paths to the membership that signals for them."""

    def __init__(
        self,
        membership: Membership,
        random_bytes: Callable[[int], bytes],
        emit: Callable[[Event], None],
        *,
        relay: TransportAddress,
    ) -> None:
        """Begin to follow the roster.

        Args:
            membership: Where signals go and come.
            random_bytes: Source of randomness.
            emit: Called with each event.
            relay: Address of the relay.
        """
        self._membership = membership
        self._shares_socket = False
        self._found: list[Candidate] = []
        self._part: Part = None
        self._offered: tuple[object, ...] | None = None
        self._seen_rev: int | None = None
        self._seen: dict[PeerId, int] = {}  # restarts of those to whom paths are looked for
        grant = membership.grant
        self._paths = DirectPaths(grant.peer, grant.max_datagram, random_bytes, emit, relay=relay)
        self._now = 0.0
        self._paths.on_changed = self._change
        self._paths.on_doubt = self._doubt
        membership.on_signal = self._receive_signal
        membership.mail.post_directly = self._post

    def set_candidates(
        self,
        found: Sequence[Candidate],
        *,
        shares_socket: bool,
        part: Part = None,
        now: float,
    ) -> None:
        """Offer what has been found.

        Args:
            found: The better first.
            part: Of this member.
            shares_socket: Direct datagrams take the socket of those to the relay, so that
                the address the relay sees is a candidate.
            now: Clock.
        """
        self._found = list(found)
        self._shares_socket = shares_socket
        self._part = part
        self.flush(now=now)

    @property
    def attempts(self) -> int:
        """Attempts that have begun, with all peers together."""
        return self._paths.attempts

    def path(self, peer: PeerId) -> TransportAddress | None:
        """Return the address to which data for a peer goes; None: over the relay."""
        return self._paths.path(peer)

    @property
    def listeners(self) -> set[int]:
        """Numbers of the sockets that are needed beside the usual ones."""
        return self._paths.listeners

    def receive(self, data: bytes, header: Header, source: TransportAddress, now: float) -> None:
        """Act upon a datagram that did not come from the relay.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        self._now = now
        if header.kind is Kind.CTRL:
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        if header.kind is Kind.SEAL:
            self._paths.receive_seal(data, header.word, source, now=now)
            return
        self._paths.hear_data(header, source, now=now)
        self._membership.receive_data(header, data[HEADER_SIZE:], now=now)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        return self._paths.next_timeout()

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        self._now = now
        self._paths.handle_timeout(now=now)
        self.flush(now=now)

    def flush(self, *, now: float) -> None:
        """Follow the roster and the own address; signal what is to be signaled."""
        self._now = now
        self._follow(now)
        self._offer(now)
        self._paths.rtt = self._membership.pings.rtt.smoothed or 0.0
        for peer, signal in self._paths.signals_to_send(now=now):
            self._membership.signal(peer, signal, is_shown=self._part is not None)

    def datagrams_to_send(self) -> list[DirectDatagram]:
        """Drain what goes to addresses of peers."""
        return self._paths.datagrams_to_send()

    def _offer(self, now: float) -> None:
        """Tell where this member may be reached, unless that is what was told before."""
        mapped = self._membership.mapped if self._shares_socket else None
        offered = (self._found, mapped, self._part)
        if self._offered == offered:
            return
        self._offered = offered
        candidates = list(self._found)
        if mapped is not None:
            candidates.insert(0, Candidate(CandidateKind.REFLEXIVE, mapped))
        unique = {candidate.address: candidate for candidate in reversed(candidates)}
        self._paths.offer(list(reversed(unique.values())), part=self._part, now=now)

    def _receive_signal(self, signaled: Signaled, now: float) -> None:
        self._now = now
        self._follow(now)
        seen = decode_address(signaled.mapped) if signaled.mapped else None
        self._paths.receive_signal(signaled.peer, signaled.data, seen=seen, now=now)

    def _follow(self, now: float) -> None:
        """Take in who came and who left."""
        roster = self._membership.roster
        if roster.rev == self._seen_rev:
            return
        self._seen_rev = roster.rev
        present = {peer: roster.restarts[peer] for peer in roster.peers if self._may_signal(peer)}
        for peer in self._paths.peers:
            if present.get(PeerId(peer)) != self._seen.get(PeerId(peer)):
                self._paths.forget(PeerId(peer))
        self._seen = present
        for peer in sorted(present):
            self._paths.welcome(peer, now=now)

    def _may_signal(self, peer: PeerId) -> bool:
        own = self._membership.grant.peer
        is_star = self._membership.topology is Topology.STAR
        return peer != own and (not is_star or HOST in (peer, own))

    def _post(
        self, start: FirstByte, to: int, payload: bytes, receivers: list[int], now: float
    ) -> bool:
        return self._paths.post(start, to, payload, receivers, now=now)

    def _change(self, peer: int) -> None:
        self._membership.mail.change_path(peer, now=self._now)

    def _doubt(self, peer: int) -> None:
        self._membership.mail.doubt_path(peer, now=self._now)
