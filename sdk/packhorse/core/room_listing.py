"""Asking a relay for its public rooms, as a pure state machine."""

from collections import Counter, deque
from collections.abc import Callable

from packhorse.core.events import Closed, Event
from packhorse.core.joining import FindRooms, Joining
from packhorse.core.machine import MemberMachine
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, Kind
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.errors import ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header
from packhorse.wire.room_list import ListedRoom


class RoomListing:
    """Greets the relay and asks for one page after the other; `Closed` tells the end."""

    def __init__(
        self,
        wish: FindRooms,
        relay: TransportAddress,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> None:
        self._relay = relay
        self._joining = Joining(wish, MemberMachine(), random_bytes, now=now)
        self._outbox: list[bytes] = []
        self._events: deque[Event] = deque()
        self._is_closed = False
        self.drops: Counter[DropReason] = Counter()
        """Datagrams that were not acted upon, by reason."""

    @property
    def rooms(self) -> list[ListedRoom]:
        """What was found so far, in ascending code."""
        return self._joining.rooms

    def receive_datagram(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Act upon a datagram or count why not; never raises for what came from outside."""
        try:
            self._receive(data, source, now)
        except ParseError as error:
            self.drops[error.reason] += 1
        self.handle_timeout(now=now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due; calling early or late is harmless."""
        self._outbox += self._joining.handle_timeout(now=now)
        is_over = self._joining.error is not None or self._joining.has_all_rooms
        if is_over and not self._is_closed:
            self._is_closed = True
            self._events.append(Closed(self._joining.error))

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` next has work, or None."""
        return self._joining.next_timeout()

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out now."""
        datagrams, self._outbox = self._outbox, []
        return [(datagram, self._relay) for datagram in datagrams]

    def next_event(self) -> Event | None:
        """Drain one event."""
        return self._events.popleft() if self._events else None

    def _receive(self, data: bytes, source: TransportAddress, now: float) -> None:
        if source[:2] != self._relay[:2]:
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        header = decode_header(data)
        if header.kind is not Kind.CTRL:
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        self._joining.receive(decode_ctrl(data, Sender.RELAY), header.word, now=now)
