"""How many checks go to addresses that are not proven (SPEC.md section 18.4)."""

from packhorse.wire.constants import CHECK_BURST, CHECK_RATE


class CheckBudget:
    """Counts the checks of all peers together: whom a peer names may be its victim."""

    def __init__(self) -> None:
        self._conforms_at = 0.0  # GCRA: when the next check would conform without a burst

    @property
    def ready_at(self) -> float:
        """When the next check may go out."""
        return self._conforms_at - (CHECK_BURST - 1) / CHECK_RATE

    def take(self, *, now: float) -> bool:
        """Count a check; False when it has to wait."""
        if now < self.ready_at:
            return False
        self._conforms_at = max(self._conforms_at, now) + 1 / CHECK_RATE
        return True
