"""When it pays to read in batches, and to wait for a batch to fill."""

from typing import Final

_MANY: Final = 8  # datagrams of one wake-up from which batches cost less
_FEW: Final = 2  # datagrams of one wake-up that batches are no use for
_PATIENCE: Final = 32  # wake-ups in a row with so few before batches end
_ALONE: Final = 8  # wake-ups in a row with one datagram, after which one each is expected
_UNNOTED: Final = 31  # wake-ups for which that holds
_APART: Final = 0.0001  # seconds between such wake-ups; at a higher rate batches fill
_WINDOW: Final = 0.02  # seconds over which the rate is measured
_GATHER_FROM: Final = 20_000  # datagrams a second
_GATHER_UNTIL: Final = 15_000


class Pace:
    """Follows what comes, wake-up by wake-up."""

    def __init__(self, *, now: float, may_leave: bool = True) -> None:
        """Start with single datagrams.

        Args:
            now: Clock seconds.
            may_leave: A wake-up may leave something in the socket without having looked.
        """
        self.is_batching = False
        """Read many at once."""
        self.gathers = False
        """Wait a little for more: the rate is so high that nobody notices."""
        self._may_leave = may_leave
        self._in_a_row = 0
        self._alone = 0
        self._unnoted = 0
        self._last = now
        self._since = now
        self._count = 0

    def note(self, count: int, *, now: float) -> int:
        """Count what one wake-up brought.

        Args:
            count: Datagrams.
            now: Clock seconds.

        Returns:
            How many wake-ups are to take one datagram each, unnoted: to look for a second
            costs more than to be woken up again for it. The next shows what has piled up.
        """
        apart, self._last = now - self._last, now
        self._count += count
        if now - self._since >= _WINDOW:
            self._measure(now)
        is_alone = count == 1 and apart >= _APART * (1 + self._unnoted)
        self._alone = self._alone + 1 if is_alone else 0
        self._choose(count)
        expects_one = self._may_leave and self._alone >= _ALONE and not self.is_batching
        self._unnoted = _UNNOTED if expects_one else 0
        return self._unnoted

    def _choose(self, count: int) -> None:
        if self.gathers or count >= _MANY:
            self.is_batching = True
            self._in_a_row = 0
        elif self.is_batching:
            self._in_a_row = self._in_a_row + 1 if count <= _FEW else 0
            self.is_batching = self._in_a_row < _PATIENCE

    def _measure(self, now: float) -> None:
        least = _GATHER_UNTIL if self.gathers else _GATHER_FROM
        self.gathers = self._count >= least * (now - self._since)
        self._since, self._count = now, 0
