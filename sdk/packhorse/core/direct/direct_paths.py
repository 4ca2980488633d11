"""Direct paths to all peers of a member."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from packhorse.core.direct.birthday import Birthday
from packhorse.core.direct.channel import DirectDatagram
from packhorse.core.direct.direct_peer import DirectPeer
from packhorse.core.direct.offers import decode_offer
from packhorse.core.direct.rate_budget import RateBudget
from packhorse.core.events import Event, PeerId, PeerPathChanged
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate, encode_candidates, may_be_checked
from packhorse.wire.constants import (
    CHECK_BURST,
    CHECK_FAST,
    CHECK_RATE,
    FANOUT_BIT,
    SIGNAL_RATE,
    BirthdayPart,
    CandidateKind,
    DropReason,
    FirstByte,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.header import Header

_SIGNAL_BURST: Final = 2 * SIGNAL_RATE + 1
_WORD_SIZE: Final = 4  # bytes


class DirectPaths:
    """Offers own addresses to peers, checks theirs, and carries data to those that answer."""

    def __init__(
        self,
        own_peer: int,
        largest: int,
        random_bytes: Callable[[int], bytes],
        emit: Callable[[Event], None],
        *,
        relay: TransportAddress,
    ) -> None:
        """Begin without peers.

        Args:
            own_peer: Own peer id.
            largest: Bytes of the largest datagram.
            random_bytes: Source of randomness.
            emit: Called with each event.
            relay: Address of the relay.
        """
        self._own_peer = own_peer
        self._largest = largest
        self._random_bytes = random_bytes
        self._emit = emit
        self._relay = relay
        # The checks of all peers together: whom a peer names may be its victim.
        self._budget = RateBudget(CHECK_RATE, CHECK_BURST)
        self._signals = RateBudget(SIGNAL_RATE, _SIGNAL_BURST)
        self._birthday = Birthday(random_bytes)
        self._part: BirthdayPart | None = None
        self._candidates = b""
        self._lasting: list[Candidate] = []
        self._peers: dict[int, DirectPeer] = {}
        self._by_connection: dict[int, int] = {}
        self.rtt = 0.0
        """Round-trip time to the relay, seconds."""
        self.on_changed: Callable[[int], None] = lambda _peer: None
        """Called with each peer whose path is another one now."""
        self.on_doubt: Callable[[int], None] = lambda _peer: None
        """Called with each peer whose path has fallen silent while it was used."""

    @property
    def peers(self) -> set[int]:
        """Peers to whom paths are looked for."""
        return set(self._peers)

    @property
    def attempts(self) -> int:
        """Attempts that have begun, with all peers together."""
        return sum(peer.attempts for peer in self._peers.values())

    @property
    def listeners(self) -> set[int]:
        """Numbers of the sockets that are needed beside the usual ones."""
        opened = range(1, self._birthday.sockets + 1)
        return set(opened).union(*(peer.listeners for peer in self._peers.values())) - {0}

    def offer(
        self,
        candidates: Sequence[Candidate],
        *,
        part: BirthdayPart | None = None,
        now: float,
    ) -> None:
        """Tell all peers where this member may be reached, and its part in birthday probing."""
        encoded = encode_candidates(candidates)
        if (encoded, part) == (self._candidates, self._part):
            return
        self._candidates, self._part = encoded, part
        lasting = [each for each in candidates if each.kind is not CandidateKind.PREDICTED]
        is_hope, self._lasting = lasting != self._lasting, lasting
        for peer in self._peers.values():
            peer.offers.part = part
            peer.offer(encoded, is_hope=is_hope, now=now)

    def welcome(self, peer: PeerId, *, now: float) -> None:
        """Begin to look for a path to a peer."""
        if peer not in self._peers:
            direct = DirectPeer(
                leads=self._own_peer < peer,
                relay=self._relay,
                budget=self._budget,
                largest=self._largest,
                random_bytes=self._random_bytes,
            )
            self._peers[peer] = direct
            self._by_connection[direct.own.connection] = peer
            direct.offers.part = self._part
            if self._candidates:
                direct.offer(self._candidates, now=now)

    def forget(self, peer: PeerId) -> None:
        """Drop all state towards a peer that has left."""
        if direct := self._peers.pop(peer, None):
            self._by_connection.pop(direct.own.connection, None)
        if peer == self._birthday.peer:
            self._birthday.end()

    def path(self, peer: PeerId) -> TransportAddress | None:
        """Return the address to which data for a peer goes; None: over the relay."""
        direct = self._peers.get(peer)
        return direct.used.address if direct is not None and direct.used is not None else None

    def receive_signal(
        self, peer: int, data: bytes, *, seen: TransportAddress | None = None, now: float
    ) -> None:
        """Act upon what a peer has signaled.

        Args:
            peer: Who.
            data: What.
            seen: Where the relay sees it, if that is shown.
            now: Clock.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        direct = self._peers.get(peer)
        if direct is None:
            raise ParseError(DropReason.UNKNOWN_PEER)
        offer, own = decode_offer(data), direct.own
        direct.seen = seen
        try:
            with self._watch(peer, direct):
                direct.receive_offer(offer, rtt=self.rtt, now=now)
        finally:
            if direct.own is not own:
                self._by_connection.pop(own.connection, None)
                self._by_connection[direct.own.connection] = peer

    def receive_seal(self, data: bytes, word: int, source: TransportAddress, *, now: float) -> None:
        """Act upon a SEAL datagram that did not come from the relay.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        peer = self._by_connection.get(word)
        if peer is None:
            raise ParseError(DropReason.UNKNOWN_SESSION)
        direct = self._peers[peer]
        with self._watch(peer, direct):
            direct.receive_seal(data, source, now=now)

    def hear_data(self, header: Header, source: TransportAddress, *, now: float) -> None:
        """Check DATA or FRAME that did not come from the relay.

        Raises:
            ParseError: It may not come from there; the reason says why.
        """
        direct = self._peers.get(header.source)
        if direct is None:
            raise ParseError(DropReason.UNKNOWN_PEER)
        direct.hear_data(source, header.tag, now=now)

    def post(
        self, start: FirstByte, to: int, payload: bytes, receivers: Collection[int], *, now: float
    ) -> bool:
        """Send DATA or FRAME directly, as far as that may be.

        Args:
            start: First byte.
            to: Destination as for the relay.
            payload: What follows the header.
            receivers: The peers that `to` names.
            now: Clock.

        Returns:
            True when the relay need not carry it.
        """
        used = [self._peers.get(peer) for peer in receivers]
        found = [direct for direct in used if direct is not None and direct.used is not None]
        if not found or len(found) < len(used):
            return False
        is_trusted = all(direct.is_trusted(now=now) for direct in found)
        word = self._own_peer if to > 0 else self._own_peer | FANOUT_BIT
        if is_trusted or start is FirstByte.FRAME:
            for direct in found:
                direct.post(start, word.to_bytes(_WORD_SIZE, "big"), payload, now=now)
        return is_trusted

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` or `signals_to_send` has work."""
        deadlines = [peer.next_timeout() for peer in self._peers.values()]
        signals = [peer.offers.due for peer in self._peers.values()]
        deadlines += [max(due, self._signals.ready_at) for due in signals if due is not None]
        deadlines += [self._birthday.next_timeout(), self._run_due()]
        return min((due for due in deadlines if due is not None), default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due, first for the peer whose addresses were not checked for longest."""
        due = [item for item in self._peers.items() if item[1].is_due(now=now)]
        for number, peer in sorted(due, key=lambda item: item[1].served_at):
            with self._watch(number, peer):
                if peer.handle_timeout(rtt=self.rtt, now=now):
                    self.on_doubt(number)
        self._run(now)

    def signals_to_send(self, *, now: float) -> list[tuple[int, bytes]]:
        """Return (peer, data) of the signals that go out now; those that wait longest go first."""
        signals: list[tuple[int, bytes]] = []
        dues = [(peer.offers.due, number) for number, peer in self._peers.items()]
        for _, number in sorted((due, number) for due, number in dues if due is not None):
            if now < self._signals.ready_at:
                break
            data = self._peers[number].offers.take(now=now)
            if data is not None:
                self._signals.take(now=now)
                signals.append((number, data))
        return signals

    def datagrams_to_send(self) -> list[DirectDatagram]:
        """Drain what goes to addresses of peers."""
        return [datagram for peer in self._peers.values() for datagram in peer.datagrams_to_send()]

    def _run(self, now: float) -> None:
        """Go on with birthday probing, or begin it."""
        birthday = self._birthday
        if birthday.peer is not None and self._peers[birthday.peer].used is not None:
            birthday.end()
        due = self._run_due()
        if due is not None and now >= due:
            self._begin_run(now)
        for target in birthday.take(now=now):
            self._peers[birthday.peer or 0].probe(target)

    def _begin_run(self, now: float) -> None:
        partners = {due: number for number, due in self._partners() if due <= now}
        number = partners[min(partners)]
        seen = self._peers[number].seen
        if self._part is not None and seen is not None:
            self._birthday.begin(number, self._part, seen, now=now)

    def _run_due(self) -> float | None:
        """Return when a run may begin, as far as that is known now."""
        if self._part is None or self._birthday.peer is not None:
            return None
        due = min((due for _, due in self._partners()), default=None)
        return None if due is None else max(due, self._birthday.ready_at)

    def _partners(self) -> list[tuple[int, float]]:
        """Return the peers with which a run may begin, and from when on."""
        found = []
        for number, peer in self._peers.items():
            since, offer, seen = peer.seeks_since, peer.offers.peer, peer.seen
            if since is None or offer is None or seen is None:
                continue
            is_other = offer.part is not None and offer.part != self._part
            if is_other and may_be_checked(seen, relay=self._relay):
                found.append((number, since + CHECK_FAST))
        return found

    @contextmanager
    def _watch(self, number: int, peer: DirectPeer) -> Iterator[None]:
        """Tell afterwards when data for a peer takes another path."""
        before = peer.used
        try:
            yield
        finally:
            if peer.used is not before:
                address = peer.used.address if peer.used else None
                self.on_changed(number)
                self._emit(PeerPathChanged(PeerId(number), address))
