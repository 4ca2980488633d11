"""Tests of how many checks go to addresses that are not proven."""

from packhorse.core.direct.check_budget import CheckBudget
from packhorse.wire.constants import CHECK_BURST, CHECK_RATE


def test_burst_is_followed_by_the_rate() -> None:
    """DIR-6."""
    budget = CheckBudget()
    assert sum(budget.take(now=100.0) for _ in range(9 * CHECK_BURST)) == CHECK_BURST
    taken = sum(budget.take(now=100.0 + step / 1000) for step in range(10_001))
    assert CHECK_RATE * 10 - 1 <= taken <= CHECK_RATE * 10


def test_next_check_may_go_when_it_is_said() -> None:
    budget = CheckBudget()
    while budget.take(now=100.0):
        pass
    ready_at = budget.ready_at
    assert ready_at > 100.0
    assert not budget.take(now=ready_at - 0.001)
    assert budget.take(now=ready_at)
