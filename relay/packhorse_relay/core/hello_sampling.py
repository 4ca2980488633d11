"""How many HELLOs are worth reading when there are far more than could be answered."""

from typing import Final, NamedTuple

_WORTH_READING: Final = 4000.0  # a second; twice as many as are answered by default
_LOOK_OUT: Final = 0.02  # seconds between two decisions while all is read
_FOLLOW: Final = 0.1  # seconds between two decisions during a flood


class Seen(NamedTuple):
    """What came since the start."""

    hellos: int
    """HELLOs that were read."""
    read: int
    """Datagrams that were read, HELLOs included."""
    dropped: int
    """Datagrams that were dropped before: not picked, or no room for them."""


class HelloSampling:
    """Decides which share of all HELLOs is read; whoever drops the others picks at random.

    Reading a HELLO and dropping it costs nearly as much as forwarding a datagram: a flood of
    them would take the time of the rooms. Source: protocol_spec/SPEC.md section 10.2.
    """

    def __init__(self, *, now: float) -> None:
        self.share = 1.0
        """Of the HELLOs that come, 0..1: what is read."""
        self._decided_at = now
        self._seen = Seen(0, 0, 0)

    @property
    def next_decision(self) -> float:
        """When `decide` has something to go by, clock seconds."""
        return self._decided_at + (_LOOK_OUT if self.share == 1 else _FOLLOW)

    def decide(self, seen: Seen, *, now: float) -> bool:
        """Follow the flood.

        Args:
            seen: Since the start.
            now: Clock seconds; early calls are harmless.

        Returns:
            Whether `share` has changed.
        """
        elapsed = now - self._decided_at
        if now < self.next_decision or seen.read == self._seen.read:
            return False
        before = self.share
        came = _hellos_that_came(self._seen, seen, before) / elapsed
        self._decided_at, self._seen = now, seen
        self.share = 1.0 if came <= 2 * _WORTH_READING else _WORTH_READING / came
        return self.share != before


def _hellos_that_came(before: Seen, after: Seen, share: float) -> float:
    """Return how many HELLOs there were, of which some were not picked or had no room.

    A full buffer drops whatever comes: who can read only a little of a flood must not take
    that for all of it.
    """
    hellos, read, dropped = (new - old for new, old in zip(after, before, strict=True))
    with_room = read - hellos + hellos / share
    return hellos / share * max(1.0, (read + dropped) / with_room)
