"""How many HELLOs are read during a flood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse_relay.core.hello_sampling import HelloSampling, Seen

STEP = 0.1  # seconds


def flooded(sampling: HelloSampling, rate: float, steps: int, *, most: float = 1e9) -> Seen:
    """Let HELLOs come at `rate` a second, of which the share is read, but `most` a second."""
    came = read = now = 0.0
    for _ in range(steps):
        now += STEP
        came += rate * STEP
        read += min(rate * sampling.share, most) * STEP
        sampling.decide(Seen(int(read), int(read), int(came - read)), now=now)
    return Seen(int(read), int(read), int(came - read))


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

    is_changed = sampling.decide(seen._replace(read=seen.read + 1), now=2.0)

    assert is_changed
    assert sampling.share == 1


def test_early_question_changes_nothing() -> None:
    sampling = HelloSampling(now=0.0)

    assert not sampling.decide(Seen(1_000_000, 1_000_000, 0), now=0.01)
    assert sampling.next_decision == 0.02


def test_attack_flood_that_only_a_little_can_be_read_of_is_seen_as_it_is() -> None:
    """A slow machine: its buffer is full, and most is dropped before anybody sees it."""
    sampling = HelloSampling(now=0.0)
    flooded(sampling, 100_000, 1, most=1300)

    assert sampling.share == pytest.approx(0.04, rel=0.01)


def test_share_holds_while_nothing_can_be_read() -> None:
    sampling = HelloSampling(now=0.0)
    seen = flooded(sampling, 100_000, 3)

    assert not sampling.decide(seen._replace(dropped=seen.dropped + 10_000), now=0.5)


def test_full_buffer_of_other_datagrams_is_no_flood_of_hellos() -> None:
    sampling = HelloSampling(now=0.0)
    sampling.decide(Seen(100, 6000, 6000), now=STEP)

    assert sampling.share == 1


def test_flood_is_noticed_sooner_than_its_changes_are_followed() -> None:
    sampling = HelloSampling(now=0.0)
    seen = Seen(2000, 2000, 0)
    is_changed = sampling.decide(seen, now=0.02)

    assert is_changed
    assert sampling.next_decision == pytest.approx(0.12)
