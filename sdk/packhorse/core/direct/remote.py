"""One address of a peer, as the checks have found it."""

from typing import TYPE_CHECKING, Final

from packhorse.core.rtt import RttEstimator
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import IPV6_BONUS, TRUST_MIN, TRUST_RTT

if TYPE_CHECKING:
    from packhorse.core.direct.check_plan import CheckPlan

_MAX_OPEN: Final = 32  # checks whose answer still counts


class Remote:
    """An address, whether it answers, and how fast."""

    def __init__(self, address: TransportAddress, *, is_learned: bool) -> None:
        self.address = address
        self.is_learned = is_learned
        """It was not offered: a check came from there."""
        self.rtt = RttEstimator()
        self.is_proven = False
        """It has answered a CHECK of the largest size."""
        self.plan: CheckPlan | None = None
        """When it is checked in the present attempt; None outside of one."""
        self.heard_at: float | None = None
        self.checked_at: float | None = None
        self.waiting_since: float | None = None
        """When the first CHECK was sent after which nothing has come."""
        self._open: dict[int, tuple[float, bool]] = {}  # by number: when sent, whether large

    @property
    def trust(self) -> float:
        """Seconds that a CHECK may be without an answer before the path is in doubt."""
        return max(TRUST_MIN, TRUST_RTT * (self.rtt.smoothed or 0.0))

    @property
    def score(self) -> float:
        """RTT in seconds by which paths are compared; the smaller the better."""
        bonus = IPV6_BONUS if ":" in self.address.host else 0.0
        return (self.rtt.smoothed or 0.0) - bonus

    def is_trusted(self, *, now: float) -> bool:
        """Tell whether data may go there."""
        if not self.is_proven:
            return False
        return self.waiting_since is None or now < self.waiting_since + self.trust

    def note_check(self, seq: int, *, is_large: bool, now: float) -> None:
        """Note that a CHECK goes out."""
        self._open[seq] = (now, is_large)
        if len(self._open) > _MAX_OPEN:
            del self._open[next(iter(self._open))]
        self.checked_at = now
        if self.waiting_since is None:
            self.waiting_since = now

    def take_answer(self, seq: int, *, now: float) -> bool:
        """Take CHECKED for the CHECK number `seq`; False when it answers none of here."""
        sent = self._open.pop(seq, None)
        if sent is None:
            return False
        self.rtt.add(max(0.0, now - sent[0]))
        self.is_proven = self.is_proven or sent[1]
        self.hear(now=now)
        return True

    def hear(self, *, now: float) -> None:
        """Note that something valid has come from there."""
        self.heard_at = now
        self.waiting_since = None

    def give_up(self) -> None:
        """Believe nothing of it any more."""
        self.is_proven = False
        self.plan = None
        self.waiting_since = None
        self._open.clear()
