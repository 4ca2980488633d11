"""How many HELLOs are worth reading when there are far more than could be answered."""

from typing import Final

_WORTH_READING: Final = 4000.0  # a second; twice as many as are answered by default
_INTERVAL: Final = 0.1  # seconds between two decisions


class HelloSampling:
    """Decides which share of all HELLOs is read; whoever drops the others picks at random.

    Reading a HELLO and dropping it costs nearly as much as forwarding a datagram: a flood of
    them would take the time of the rooms. Source: protocol_spec/SPEC.md section 10.2.
    """

    def __init__(self, *, now: float) -> None:
        self.share = 1.0
        """Of the HELLOs that come, 0..1: what is read."""
        self._decided_at = now
        self._seen = 0

    @property
    def next_decision(self) -> float:
        """When `decide` has something to go by, clock seconds."""
        return self._decided_at + _INTERVAL

    def decide(self, hellos: int, *, now: float) -> bool:
        """Follow the flood.

        Args:
            hellos: HELLOs read since the start.
            now: Clock seconds; early calls are harmless.

        Returns:
            Whether `share` has changed.
        """
        elapsed = now - self._decided_at
        if elapsed < _INTERVAL:
            return False
        before = self.share
        rate = (hellos - self._seen) / elapsed / before
        self._decided_at, self._seen = now, hellos
        self.share = 1.0 if rate <= 2 * _WORTH_READING else _WORTH_READING / rate
        return self.share != before
