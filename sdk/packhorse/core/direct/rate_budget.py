"""How often something may go out: checks, answers, signals."""


class RateBudget:
    """Allows `rate` events a second on average and `burst` at once (GCRA)."""

    def __init__(self, rate: float, burst: int) -> None:
        """Begin with the whole burst."""
        self._interval = 1 / rate
        self._ahead = (burst - 1) / rate  # seconds
        self._conforms_at = 0.0  # when the next event would conform without a burst

    @property
    def ready_at(self) -> float:
        """When the next event may happen."""
        return self._conforms_at - self._ahead

    def take(self, *, now: float) -> bool:
        """Count an event; False when it has to wait."""
        if now < self.ready_at:
            return False
        self._conforms_at = max(self._conforms_at, now) + self._interval
        return True
