"""Tests of when an address is checked."""

from itertools import pairwise

import pytest

from packhorse.core.direct.check_plan import CheckPlan
from packhorse.wire.constants import (
    ATTEMPT_TIME,
    CHECK_FAST,
    CHECK_INTERVAL,
    CHECK_SLOW_MAX,
    OPENING_TTL,
    OPENINGS,
    PREDICTED_INTERVAL,
    PREDICTED_WAIT,
)


def run(plan: CheckPlan, fraction: float = 0.5) -> list[tuple[float, int | None]]:
    """Return when each check goes out, and its TTL."""
    checks = []
    while plan.due is not None:
        checks.append((plan.due, plan.take(fraction, now=plan.due)))
    return checks


def test_attempt_opens_with_a_low_ttl() -> None:
    checks = run(CheckPlan(starts_at=10.0, opens=True))
    assert [ttl for _, ttl in checks[: OPENINGS + 1]] == [OPENING_TTL] * OPENINGS + [None]
    assert checks[0][0] == 10.0
    assert checks[1][0] == pytest.approx(10.0 + CHECK_INTERVAL)


def test_check_that_had_to_wait_is_not_made_up_for() -> None:
    plan = CheckPlan(starts_at=10.0, opens=False)
    plan.take(0.5, now=11.0)
    assert plan.due == pytest.approx(11.0 + CHECK_INTERVAL)


def test_checks_become_rarer_and_end() -> None:
    times = [when for when, _ in run(CheckPlan(starts_at=0.0, opens=False), 0.999)]
    fast = [when for when in times if when < CHECK_FAST]
    assert len(fast) == pytest.approx(CHECK_FAST / CHECK_INTERVAL, abs=1)
    assert max(b - a for a, b in pairwise(times)) <= CHECK_SLOW_MAX
    assert times[-1] < ATTEMPT_TIME


def test_predicted_address_is_checked_later_rarer_and_not_for_long() -> None:
    checks = run(CheckPlan.for_predicted(starts_at=1.0))
    assert checks[0] == (1.0 + PREDICTED_WAIT, None)
    assert checks[1][0] == pytest.approx(checks[0][0] + PREDICTED_INTERVAL)
    assert checks[-1][0] < checks[0][0] + CHECK_FAST


def test_attack_address_that_never_answers_gets_a_bounded_number_of_checks() -> None:
    """DIR-6."""
    assert len(run(CheckPlan(starts_at=0.0, opens=True), 0.0)) < 450
    assert len(run(CheckPlan(starts_at=0.0, opens=True), 0.5)) < 70
