"""The last minutes of the relay, one sample a second."""

from collections import deque
from itertools import islice
from typing import Final, NamedTuple

MAX_SAMPLES: Final = 300
INTERVAL: Final = 1.0  # seconds between samples


class Counts(NamedTuple):
    """What only grows; a sample is the difference of two."""

    forwarded: int
    """Datagrams."""
    dropped: int
    """Datagrams."""
    octets: float
    """Bytes of data that went to members."""
    cpu: float
    """Seconds."""


class Gauges(NamedTuple):
    """What is so at one moment."""

    rooms: int
    members: int
    connections: int
    """Over TCP."""
    rtt: float | None
    """Seconds; median of the members, None without any."""
    lag: float
    """Seconds by which the event loop was late at worst since the last sample."""
    rss: int
    """Bytes of memory."""


class Sample(NamedTuple):
    """One second."""

    forwarded: float
    """Datagrams a second."""
    dropped: float
    """Datagrams a second."""
    octets: float
    """Bytes a second."""
    cpu: float
    """Fraction of one core."""
    rooms: int
    members: int
    connections: int
    rtt: float | None
    lag: float
    rss: int


class History:
    """The last samples, numbered from 1."""

    def __init__(self, counts: Counts, *, now: float) -> None:
        self._counts = counts
        self._then = now
        self._samples: deque[Sample] = deque(maxlen=MAX_SAMPLES)
        self.last = 0
        """Number of the latest sample; 0 while there is none."""

    def add(self, counts: Counts, gauges: Gauges, *, now: float) -> None:
        """Make a sample out of what changed since the last one."""
        elapsed = max(now - self._then, 1e-3)
        old = self._counts
        self._samples.append(
            Sample(
                forwarded=round((counts.forwarded - old.forwarded) / elapsed, 2),
                dropped=round((counts.dropped - old.dropped) / elapsed, 2),
                octets=round((counts.octets - old.octets) / elapsed),
                cpu=round((counts.cpu - old.cpu) / elapsed, 4),
                **gauges._asdict(),
            )
        )
        self._counts, self._then = counts, now
        self.last += 1

    def latest(self) -> Sample | None:
        """Return the latest sample."""
        return self._samples[-1] if self._samples else None

    def since(self, number: int) -> list[Sample]:
        """Return the samples after that one, oldest first; those that are gone are left out."""
        wanted = max(0, min(self.last - number, len(self._samples)))
        return list(islice(self._samples, len(self._samples) - wanted, None))
