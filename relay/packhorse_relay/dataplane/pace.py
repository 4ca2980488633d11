"""When it pays to read in batches, and to wait for a batch to fill."""

from typing import Final

_MANY: Final = 8  # datagrams of one wake-up from which batches cost less
_FEW: Final = 2  # datagrams of one wake-up that batches are no use for
_PATIENCE: Final = 32  # wake-ups in a row with so few before batches end
_ALONE: Final = 32  # wake-ups in a row with one datagram, after which one more is expected
_APART: Final = 0.0001  # seconds between such wake-ups; more that waited would come sooner
_WINDOW: Final = 0.02  # seconds over which the rate is measured
_GATHER_FROM: Final = 20_000  # datagrams a second
_GATHER_UNTIL: Final = 15_000


class Pace:
    """Follows what comes, wake-up by wake-up."""

    def __init__(self, *, now: float) -> None:
        self.is_batching = False
        """Read many at once."""
        self.gathers = False
        """Wait a little for more: the rate is so high that nobody notices."""
        self.expects_one = False
        """To look for a second datagram costs more than to be woken up again for it."""
        self._in_a_row = 0
        self._alone = 0
        self._last = now
        self._since = now
        self._count = 0

    def note(self, count: int, *, now: float) -> None:
        """Count what one wake-up brought.

        Args:
            count: Datagrams.
            now: Clock seconds.
        """
        self._count += count
        if now - self._since >= _WINDOW:
            self._measure(now)
        is_alone = count == 1 and now - self._last >= _APART
        self._alone = self._alone + 1 if is_alone else 0
        self._last = now
        self.expects_one = self._alone >= _ALONE
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
