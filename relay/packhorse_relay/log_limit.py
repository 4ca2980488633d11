"""At most one log line per kind and source in a while, in a table of bounded size."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

LINE_INTERVAL: Final = 10.0  # seconds between two lines of one kind from one source
MAX_PAIRS: Final = 1024  # kinds and sources that are told apart
_EVERYBODY: Final = ""  # the source of those for whom there was no place
_ANYTHING: Final = "other"  # the kind of what comes when not even a kind has a place
_SPARE: Final = 64  # places for kinds when all others are taken


class HeldBack(NamedTuple):
    """Lines that were not logged."""

    kind: str
    source: str
    lines: int


@dataclass(slots=True)
class _Pair:
    until: float
    held_back: int = 0


class LogLimiter:
    """Decides which lines may be logged, and counts the others."""

    def __init__(self, interval: float = LINE_INTERVAL, max_pairs: int = MAX_PAIRS) -> None:
        self._interval = interval
        self._max_pairs = max_pairs
        self._pairs: OrderedDict[tuple[str, str], _Pair] = OrderedDict()  # by `until`

    def __len__(self) -> int:
        return len(self._pairs)

    def admits(self, kind: str, source: str, *, now: float) -> bool:
        """Tell whether a line may be logged now; else count it.

        Args:
            kind: Of event.
            source: Whom it is about. Where the table is full, those who are new to it
                count as one.
            now: Monotonic, in seconds.
        """
        name = self._name(kind, source)
        pair = self._pairs.get(name)
        if pair is None:
            self._pairs[name] = _Pair(now + self._interval)
            return True
        if now < pair.until or pair.held_back:
            pair.held_back += 1
            return False
        pair.until = now + self._interval
        self._pairs.move_to_end(name)
        return True

    def take_held_back(self, *, now: float) -> list[HeldBack]:
        """Return what was held back by entries whose time is over, and forget those."""
        taken: list[HeldBack] = []
        while self._pairs and next(iter(self._pairs.values())).until <= now:
            (kind, source), pair = self._pairs.popitem(last=False)
            if pair.held_back:
                taken.append(HeldBack(kind, source, pair.held_back))
        return taken

    def _name(self, kind: str, source: str) -> tuple[str, str]:
        is_new = (kind, source) not in self._pairs
        if is_new and len(self._pairs) >= self._max_pairs:
            has_spare = len(self._pairs) < self._max_pairs + _SPARE
            is_known = (kind, _EVERYBODY) in self._pairs
            return (kind if has_spare or is_known else _ANYTHING), _EVERYBODY
        return kind, source
