"""How many HELLOs are read during a flood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse_relay.core.hello_sampling import HelloSampling

STEP = 0.1  # seconds


def flooded(sampling: HelloSampling, rate: float, steps: int, *, start: float = 0.0) -> float:
    """Let HELLOs come at `rate` a second, of which the share is read; return those read."""
    seen, now = 0.0, start
    for _ in range(steps):
        now += STEP
        seen += rate * STEP * sampling.share
        sampling.decide(int(seen), now=now)
    return seen


def test_everything_is_read_while_little_comes() -> None:
    sampling = HelloSampling(now=0.0)

    flooded(sampling, 7000, 20)

    assert sampling.share == 1


@given(st.floats(10_000, 10_000_000))
def test_attack_32_flood_of_hellos_is_read_at_a_bounded_rate(rate: float) -> None:
    sampling = HelloSampling(now=0.0)
    flooded(sampling, rate, 1)

    share = sampling.share

    assert share * rate == pytest.approx(4000, rel=0.01)


def test_all_is_read_again_when_the_flood_is_over() -> None:
    sampling = HelloSampling(now=0.0)
    seen = flooded(sampling, 1_000_000, 5)
    assert sampling.share < 0.01

    is_changed = sampling.decide(int(seen), now=2.0)

    assert is_changed
    assert sampling.share == 1


def test_early_question_changes_nothing() -> None:
    sampling = HelloSampling(now=0.0)

    assert not sampling.decide(1_000_000, now=0.05)
    assert sampling.next_decision == STEP
