"""Tests of the budgets of sessions."""

import pytest

from packhorse.wire import constants as c
from packhorse_relay.core.session_budgets import SessionBudgets


@pytest.mark.parametrize(
    ("name", "rate", "at_once"),
    [
        ("challenges", c.CHALLENGE_RATE, c.CHALLENGE_RATE),
        ("signals", c.SIGNAL_RATE, 4 * c.SIGNAL_RATE),
        ("regrants", c.REGRANT_RATE, 5 * c.REGRANT_RATE),
        ("binds", c.BIND_RATE_SESSION, 5 * c.BIND_RATE_SESSION),
    ],
)
def test_session_has_its_rate_and_what_may_come_at_once(
    name: str, rate: float, at_once: float
) -> None:
    buckets = getattr(SessionBudgets(), name)

    assert sum(buckets.take(7, now=0.0) for _ in range(500)) == at_once
    assert not buckets.take(7, now=0.5 / rate)
    assert buckets.take(7, now=1.0 / rate)


def test_sessions_share_nothing() -> None:
    budgets = SessionBudgets()
    while budgets.binds.take(7, now=0.0):
        pass

    assert budgets.binds.take(8, now=0.0)
    assert budgets.regrants.take(7, now=0.0)


def test_what_is_full_again_is_forgotten() -> None:
    """LIM-1."""
    budgets = SessionBudgets()
    for session in range(100):
        budgets.binds.take(session, now=session * 60.0)

    assert len(budgets.binds) == 1
