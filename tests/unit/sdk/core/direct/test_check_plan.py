"""Tests of when an address is checked."""

from itertools import pairwise

import pytest

from packhorse.core.direct.check_plan import CheckPlan, PlannedCheck
from packhorse.wire.constants import (
    ATTEMPT_TIME,
    CHECK_FAST,
    CHECK_INTERVAL,
    CHECK_SLOW_MAX,
    OPENING_TTL,
    OPENINGS,
)


def run(plan: CheckPlan, fraction: float = 0.5) -> list[tuple[float, PlannedCheck]]:
    """Return all checks with their times."""
    checks = []
    while plan.due is not None:
        checks.append((plan.due, plan.take(fraction)))
    return checks


def test_attempt_opens_with_a_low_ttl() -> None:
    checks = run(CheckPlan(starts_at=10.0, opens=True))
    assert [check.ttl for _, check in checks[: OPENINGS + 1]] == [OPENING_TTL] * OPENINGS + [None]
    assert checks[0][0] == 10.0
    assert checks[1][0] == pytest.approx(10.0 + CHECK_INTERVAL)


def test_first_check_that_may_arrive_is_large() -> None:
    for opens in (False, True):
        checks = [check for _, check in run(CheckPlan(starts_at=0.0, opens=opens))]
        arriving = [check for check in checks if check.ttl is None]
        assert [check.is_large for check in arriving[:5]] == [True, False, False, False, True]


def test_checks_become_rarer_and_end() -> None:
    times = [when for when, _ in run(CheckPlan(starts_at=0.0, opens=False), 0.999)]
    fast = [when for when in times if when < CHECK_FAST]
    assert len(fast) == pytest.approx(CHECK_FAST / CHECK_INTERVAL, abs=1)
    assert max(b - a for a, b in pairwise(times)) <= CHECK_SLOW_MAX
    assert times[-1] < ATTEMPT_TIME


def test_attack_address_that_never_answers_gets_a_bounded_number_of_checks() -> None:
    """DIR-6."""
    assert len(run(CheckPlan(starts_at=0.0, opens=True), 0.0)) < 450
    assert len(run(CheckPlan(starts_at=0.0, opens=True), 0.5)) < 70
