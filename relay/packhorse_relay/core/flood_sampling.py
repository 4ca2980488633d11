"""How much of what strangers send is worth reading when there is far too much of it."""

from enum import IntEnum
from typing import Final, NamedTuple

from packhorse.wire.constants import HEADER_SIZE, FirstByte, MessageType

_WORTH_READING: Final = 4000.0  # a second and kind; twice as many as are answered by default
READ_AT_MOST: Final = 2 * _WORTH_READING
"""Strays of one kind that are read, a second."""
_LOOK_OUT: Final = 0.02  # seconds between two decisions while all is read
_MANY_WAIT: Final = 256  # datagrams; so much, after so many strays, needs no longer look
_MANY_STRAYS: Final = 64
_SHORTEST: Final = 0.001  # seconds over which a rate is taken
_FOLLOW: Final = 0.1  # seconds between two decisions during a flood
_TYPE: Final = slice(HEADER_SIZE + 1, HEADER_SIZE + 3)  # after the start of the map
_HELLO: Final = bytes((0, MessageType.HELLO))
_SEAL: Final = bytes((FirstByte.SEAL,))
_CTRL: Final = bytes((FirstByte.CTRL,))


class Stray(IntEnum):
    """Kinds of datagrams from addresses without a member; a flood of one starves no other."""

    HELLO = 0
    CONTROL = 1
    """Other CTRL, and SEAL: who joins, and members that have moved."""
    OTHER = 2


Counts = tuple[int, int, int]
"""For each kind."""
Shares = tuple[float, float, float]
"""For each kind, 0..1."""
ALL: Final[Shares] = (1.0, 1.0, 1.0)


class Seen(NamedTuple):
    """What came since the start."""

    strays: Counts
    """Datagrams from addresses without a member that were read."""
    read: int
    """Datagrams that were read, all of them."""
    dropped: int
    """Datagrams that were dropped before: not picked, or no room for them."""
    waiting: int = 0
    """Datagrams that can be read now, about."""


def stray_kind(data: bytes) -> Stray:
    """Return the kind of a datagram from an address without a member."""
    first = data[:1]
    if first == _SEAL:
        return Stray.CONTROL
    if first != _CTRL:
        return Stray.OTHER
    return Stray.HELLO if data[_TYPE] == _HELLO else Stray.CONTROL


class FloodSampling:
    """Decides which share of strays is read; whoever drops the others picks at random.

    Reading a datagram and dropping it costs nearly as much as forwarding one: a flood of
    them would take the time of the rooms. Source: protocol_spec/SPEC.md section 10.2.
    """

    def __init__(self, *, now: float) -> None:
        self.shares: Shares = ALL
        """What is read of the strays that come."""
        self._decided_at = now
        self._seen = Seen((0, 0, 0), 0, 0)

    @property
    def next_decision(self) -> float:
        """When `decide` has something to go by, clock seconds."""
        return self._decided_at + (_LOOK_OUT if self.shares == ALL else _FOLLOW)

    def decide(self, seen: Seen, *, now: float) -> bool:
        """Follow the flood.

        Args:
            seen: Since the start.
            now: Clock seconds; early calls are harmless, and help when much waits suddenly.

        Returns:
            Whether `shares` have changed.
        """
        strays = sum(seen.strays) - sum(self._seen.strays)
        is_sudden = strays >= _MANY_STRAYS and seen.waiting >= _MANY_WAIT and self.shares == ALL
        is_blind = seen.read == self._seen.read and seen.dropped != self._seen.dropped
        if is_blind or (now < self.next_decision and not is_sudden):
            return False
        elapsed = max(_SHORTEST, now - self._decided_at)
        before = self.shares
        hellos, control, other = _strays_that_came(self._seen, seen, before)
        self._decided_at, self._seen = now, seen
        self.shares = _share(hellos / elapsed), _share(control / elapsed), _share(other / elapsed)
        return self.shares != before


def _share(rate: float) -> float:
    """Return the share to read of what comes at a rate, datagrams a second."""
    return 1.0 if rate <= READ_AT_MOST else _WORTH_READING / rate


def _strays_that_came(before: Seen, after: Seen, shares: Shares) -> list[float]:
    """Return how many strays of each kind there were, of which some were never read.

    A full buffer drops whatever comes: who can read only a little of a flood must not take
    that for all of it.
    """
    counts = [new - old for new, old in zip(after.strays, before.strays, strict=True)]
    read, dropped = after.read - before.read, after.dropped - before.dropped
    unread = dropped + after.waiting - before.waiting
    picked_from = [count / share for count, share in zip(counts, shares, strict=True)]
    with_room = read - sum(counts) + sum(picked_from)
    return [count * max(1.0, (read + unread) / max(1.0, with_room)) for count in picked_from]
