"""One address of a peer, as the checks have found it."""

from typing import TYPE_CHECKING, Final

from packhorse.core.rtt import RttEstimator
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import (
    CONSENT_TIME,
    DOUBT_TIME,
    IDLE_CHECK,
    IPV6_BONUS,
    TRUST_MIN,
    TRUST_RTT,
)

if TYPE_CHECKING:
    from packhorse.core.direct.check_plan import CheckPlan

_MAX_OPEN: Final = 32  # checks whose answer still counts
_CONSENT_RETRY: Final = 1.0  # seconds between checks that ask for consent


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
        """When anything last came from there that was acted upon."""
        self.vouched_at: float | None = None
        """When a valid CHECK or CHECKED last came from there."""
        self.answered_at: float | None = None
        """When it last answered a CHECK: only who gets what is sent there can."""
        self.checked_at: float | None = None
        self.waiting_since: float | None = None
        """When the first CHECK was sent after which nothing has come."""
        self._open: dict[bytes, tuple[float, bool]] = {}  # by challenge: when sent, whether large

    @property
    def trust(self) -> float:
        """Seconds that a CHECK may be without an answer before the path is in doubt."""
        return max(TRUST_MIN, TRUST_RTT * (self.rtt.smoothed or 0.0))

    @property
    def last_at(self) -> float:
        """When anything last came from there or a CHECK went there."""
        return max(self.heard_at or 0.0, self.checked_at or 0.0)

    @property
    def score(self) -> float:
        """RTT in seconds by which paths are compared; the smaller the better."""
        bonus = IPV6_BONUS if ":" in self.address.host else 0.0
        return (self.rtt.smoothed or 0.0) - bonus

    def is_trusted(self, *, now: float) -> bool:
        """Tell whether data may go there."""
        if not self.is_proven or not self.consents(now=now):
            return False
        return self.waiting_since is None or now < self.waiting_since + self.trust

    def consents(self, *, now: float) -> bool:
        """Tell whether it has answered lately; what comes from there alone may be forged."""
        return self.answered_at is not None and now < self.answered_at + CONSENT_TIME

    def is_hopeless(self, *, now: float) -> bool:
        """Tell whether it is to be given up: it does not consent or was in doubt long enough."""
        if not self.consents(now=now):
            return True
        waiting = self.waiting_since
        return waiting is not None and now >= waiting + self.trust + DOUBT_TIME

    @property
    def consent_ends(self) -> float:
        """When data may not go there any more, unless it answers before."""
        return (self.answered_at or 0.0) + CONSENT_TIME

    @property
    def consent_due(self) -> float:
        """When it is asked for consent next."""
        asked = (self.checked_at or 0.0) + _CONSENT_RETRY
        return max((self.answered_at or 0.0) + IDLE_CHECK, asked)

    def lets_data_in(self, *, now: float) -> bool:
        """Tell whether the peer has vouched for it lately."""
        return self.vouched_at is not None and now < self.vouched_at + CONSENT_TIME

    def note_check(self, challenge: bytes, *, is_large: bool, now: float) -> None:
        """Note that a CHECK goes out."""
        self._open[challenge] = (now, is_large)
        if len(self._open) > _MAX_OPEN:
            del self._open[next(iter(self._open))]
        self.checked_at = now
        if self.waiting_since is None:
            self.waiting_since = now

    def take_answer(self, challenge: bytes, *, now: float) -> bool:
        """Take CHECKED; False when it answers no CHECK that went there."""
        sent = self._open.pop(challenge, None)
        if sent is None:
            return False
        self.rtt.add(max(0.0, now - sent[0]))
        self.is_proven = self.is_proven or sent[1]
        self.answered_at = now
        self.vouch(now=now)
        return True

    def vouch(self, *, now: float) -> None:
        """Note that a valid CHECK or CHECKED has come from there."""
        self.vouched_at = now
        self.hear(now=now)

    def hear(self, *, now: float) -> None:
        """Note that something has come from there."""
        self.heard_at = now
        self.waiting_since = None

    def give_up(self) -> None:
        """Believe nothing of it any more."""
        self.is_proven = False
        self.plan = None
        self.waiting_since = self.answered_at = None
        self._open.clear()
