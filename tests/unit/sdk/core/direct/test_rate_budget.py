"""Tests of how often something may go out."""

from packhorse.core.direct.rate_budget import RateBudget
from packhorse.wire.constants import CHECK_BURST, CHECK_RATE


def test_burst_is_followed_by_the_rate() -> None:
    """DIR-6."""
    budget = RateBudget(CHECK_RATE, CHECK_BURST)
    assert sum(budget.take(now=100.0) for _ in range(9 * CHECK_BURST)) == CHECK_BURST
    taken = sum(budget.take(now=100.0 + step / 1000) for step in range(10_001))
    assert CHECK_RATE * 10 - 1 <= taken <= CHECK_RATE * 10


def test_next_check_may_go_when_it_is_said() -> None:
    budget = RateBudget(CHECK_RATE, CHECK_BURST)
    while budget.take(now=100.0):
        pass
    ready_at = budget.ready_at
    assert ready_at > 100.0
    assert not budget.take(now=ready_at - 0.001)
    assert budget.take(now=ready_at)
