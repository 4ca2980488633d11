"""Messages from and to the peers of the room: plain DATA, and the delivery layer in FRAME."""

from collections import Counter
from collections.abc import Callable

from packhorse.core.delivery.hub import Delivery, PeerStatistics
from packhorse.core.early_data import EarlyData, EarlyDatagram
from packhorse.core.events import HOST, Event, Message, PeerId, PeerJoined, PingAnswered
from packhorse.core.known_peers import KnownPeers
from packhorse.core.roster import Roster
from packhorse.wire.constants import (
    HEADER_SIZE,
    MAX_RELIABLE_MESSAGE,
    MAX_UNRELIABLE_MESSAGE,
    DropReason,
    FirstByte,
    Kind,
    Mode,
    Topology,
)
from packhorse.wire.errors import LocalProtocolError, ParseError
from packhorse.wire.frames import MAX_CHANNEL, RELIABLE_MODES
from packhorse.wire.header import Header, encode_destination
from packhorse.wire.messages import Grant

PostDirectly = Callable[[FirstByte, int, bytes, list[int], float], bool]


class Mail:
    """Who may write to whom, and in which form."""

    def __init__(
        self,
        grant: Grant,
        roster: Roster,
        emit: Callable[[Event], None],
        drops: Counter[DropReason],
    ) -> None:
        self._grant = grant
        self._roster = roster
        self._emit = emit
        self._drops = drops
        self._early = EarlyData()
        self._known = KnownPeers()
        size = grant.max_datagram - HEADER_SIZE
        self._delivery = Delivery(size, grant.peer, roster.restarts)
        self._delivery.on_pong = lambda ping, rtt: emit(PingAnswered(ping, rtt))
        self._is_closed = False
        self.post_directly: PostDirectly | None = None
        """Called with first byte, destination, payload, receivers and clock of a datagram; True
        when the relay need not carry it."""

    @property
    def is_idle(self) -> bool:
        """Tell whether every reliable message has arrived."""
        return self._delivery.is_idle

    def begin_epoch(self, grant: Grant) -> None:
        """Go on under the tag of a GRANT that answered BIND; nothing under way is lost."""
        self._grant = grant

    def keep_to(self, octets: int, datagrams: int) -> None:
        """Send no more reliable frames than the relay allows, bytes and datagrams a second."""
        self._delivery.keep_to(octets, datagrams)

    def check(self, data: bytes, to: int, mode: Mode, channel: int) -> None:
        """Refuse what cannot be sent.

        Raises:
            LocalProtocolError: The size, the destination or the channel is out of range,
                or the topology or the roster forbids it.
        """
        limit = MAX_RELIABLE_MESSAGE if mode in RELIABLE_MODES else MAX_UNRELIABLE_MESSAGE
        largest = min(limit, self._delivery.largest_message)
        if len(data) > largest:
            raise LocalProtocolError(f"message of {len(data)} bytes, must be at most {largest}")
        if not 0 <= channel <= MAX_CHANNEL:
            raise LocalProtocolError(f"channel {channel}, must be 0..{MAX_CHANNEL}")
        self.check_destination(to)
        if mode in RELIABLE_MODES and to > 0 and to not in self._roster.peers:
            raise LocalProtocolError(f"peer {to} is not in the room")
        is_star = self._grant.topology == Topology.STAR
        if is_star and HOST not in (to, self._grant.peer):
            raise LocalProtocolError("in a star room clients may address only the host")

    def check_destination(self, to: int) -> None:
        """Refuse what no datagram can name.

        Raises:
            LocalProtocolError: `to` is no int32, or this side itself.
        """
        if not -(2**31) < to < 2**31 or to == self._grant.peer:
            raise LocalProtocolError(f"peer {to} cannot be addressed")

    def check_known(self, to: int) -> None:
        """Refuse a destination that cannot be named, or a peer unknown to the application.

        Raises:
            LocalProtocolError: It is one.
        """
        self.check_destination(to)
        if to > 0 and to not in self._known.peers:
            raise LocalProtocolError(f"peer {to} has not been told of")

    def is_plain(self, data: bytes, mode: Mode, channel: int) -> bool:
        """Tell whether a message travels as DATA, with 6 bytes of overhead."""
        is_small = 0 < len(data) <= self._grant.max_datagram - HEADER_SIZE
        return mode is Mode.UNRELIABLE and channel == 0 and is_small

    def encode_plain(self, data: bytes, to: int) -> bytes:
        """Return the DATA datagram of a message that `is_plain` lets pass."""
        return encode_destination(FirstByte.DATA, self._grant.tag, to) + data

    def may_push(self, to: int, mode: Mode) -> bool:
        """Tell whether the send buffers have room for a reliable message."""
        return mode not in RELIABLE_MODES or self._delivery.may_push(self._receivers(to))

    def push(self, data: bytes, to: int, mode: Mode, channel: int, *, now: float) -> None:
        """Queue a message that `check` let pass; who is not known to the application gets none."""
        if to <= 0 and mode not in RELIABLE_MODES:
            self._delivery.push_fanout(data, self._known.narrowed(to), mode, channel)
            return
        for peer in self._receivers(to):
            self._delivery.push(data, peer, mode, channel, now=now)

    def ping(self, peer: int, *, now: float) -> int:
        """Measure the round-trip time to a peer, end to end; `PingAnswered` tells it.

        Raises:
            LocalProtocolError: The peer is not in the room, or this side itself.
        """
        self.check_destination(peer)
        if peer not in self._roster.peers:
            raise LocalProtocolError(f"peer {peer} is not in the room")
        return self._delivery.ping(peer, now=now)

    def statistics(self, peer: int) -> PeerStatistics:
        """Return what was measured towards a peer."""
        return self._delivery.statistics(peer)

    def consume(self, message: Message) -> None:
        """Note that the application has taken a message: its sender gets credit for more."""
        self._delivery.consume(message.source, message.mode, len(message.data))

    def receive(self, header: Header, payload: bytes, *, now: float) -> None:
        """Hand on what a DATA or FRAME datagram, whose tag has been checked, brings.

        Raises:
            ParseError: It brings nothing; the reason says why.
        """
        if self._is_closed:
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        source = PeerId(header.source)
        if source == self._grant.peer:
            raise ParseError(DropReason.UNKNOWN_PEER)
        if source in self._roster.peers:
            self._open(header, source, payload, now)
        elif not self._roster.may_come(source):
            raise ParseError(DropReason.UNKNOWN_PEER)
        else:
            self._hold_back(EarlyDatagram(header, payload), now)

    def welcome(self, news: PeerJoined, *, now: float) -> None:
        """Hand on what came before the news of a peer, which the application hears of later."""
        self._known.expect(news)
        for header, payload in self._early.release(news.peer):
            try:
                self.receive(header, payload, now=now)
            except ParseError as error:
                self._drops[error.reason] += 1

    def note_told(self, news: PeerJoined) -> None:
        """Note that the application is told of a peer, to which it may send from now on."""
        self._known.note_told(news)

    def forget(self, peer: PeerId) -> None:
        """Drop all state towards a peer that has left."""
        self._known.forget(peer)
        self._delivery.forget(peer)

    def discard_early(self) -> None:
        """Make place: nobody will announce these peers, who came and left unseen."""
        if count := self._early.discard(self._roster.may_come):
            self._drops[DropReason.UNKNOWN_PEER] += count

    def close(self) -> None:
        """Take nothing in any more: this side is leaving."""
        self._is_closed = True

    def next_timeout(self) -> float | None:
        """Return when `datagrams_to_send` next has work; 0 for at once."""
        return None if self._is_closed else self._delivery.next_timeout(now=0.0)

    def datagrams_to_send(self, *, now: float) -> list[bytes]:
        """Return the FRAME datagrams that go out now."""
        if self._is_closed:
            return []
        self._delivery.handle_timeout(now=now)
        tag = self._grant.tag
        return [
            encode_destination(FirstByte.FRAME, tag, to) + payload
            for to, payload in self._delivery.payloads_to_send(now=now)
            if not self._is_posted(FirstByte.FRAME, to, payload, now)
        ]

    def post_plain(self, data: bytes, to: int, *, now: float) -> bytes | None:
        """Send a message as DATA; return the datagram where the relay has to carry it."""
        if to <= 0:
            to = self._known.narrowed(to)
        elif to not in self._known.peers:
            return None
        if self.post_directly and self._is_posted(FirstByte.DATA, to, data, now):
            return None
        return self.encode_plain(data, to)

    def change_path(self, peer: int, *, now: float) -> None:
        """Forget what was measured towards a peer: it is reached by another path now."""
        self._delivery.change_path(peer, now=now)

    def doubt_path(self, peer: int, *, now: float) -> None:
        """Send a peer everything under way again: its path has fallen silent."""
        self._delivery.doubt_path(peer, now=now)

    def _is_posted(self, start: FirstByte, to: int, payload: bytes, now: float) -> bool:
        post = self.post_directly
        return post is not None and post(start, to, payload, self._receivers(to), now)

    def _hold_back(self, datagram: EarlyDatagram, now: float) -> None:
        if count := self._early.expire(now=now):
            self._drops[DropReason.UNKNOWN_PEER] += count
        if not self._early.hold(datagram, now=now):
            raise ParseError(DropReason.BUFFER_FULL)

    def _open(self, header: Header, source: PeerId, payload: bytes, now: float) -> None:
        if header.kind is Kind.DATA:
            self._emit(Message(payload, source))
            return
        for data, mode, channel in self._delivery.receive(
            payload, source, is_fanout=header.is_fanout, now=now
        ):
            self._emit(Message(data, source, mode, channel))

    def _receivers(self, to: int) -> list[int]:
        if to > 0:
            return [to] if to in self._known.peers else []
        return [peer for peer in self._known.peers if peer != -to]
