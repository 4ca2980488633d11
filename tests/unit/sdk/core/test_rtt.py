"""Tests of the RTT estimator with numbers worked out by hand from RFC 6298 section 2."""

import pytest

from packhorse.core.rtt import RttEstimator


def test_estimator_knows_nothing_before_the_first_sample() -> None:
    rtt = RttEstimator()

    assert (rtt.latest, rtt.smoothed, rtt.variation) == (None, None, 0.0)


def test_first_sample_is_the_estimate_and_half_of_it_the_variation() -> None:
    rtt = RttEstimator()

    rtt.add(0.1)

    assert (rtt.latest, rtt.smoothed, rtt.variation) == (0.1, 0.1, 0.05)


def test_second_sample_moves_variation_by_the_old_estimate_first() -> None:
    rtt = RttEstimator()

    rtt.add(0.1)
    rtt.add(0.2)

    # RTTVAR = 3/4 * 0.05 + 1/4 * |0.1 - 0.2| = 0.0375 + 0.025
    assert rtt.variation == pytest.approx(0.0625)
    # SRTT = 7/8 * 0.1 + 1/8 * 0.2 = 0.0875 + 0.025
    assert rtt.smoothed == pytest.approx(0.1125)
    assert rtt.latest == 0.2


def test_third_sample_continues_from_the_second() -> None:
    rtt = RttEstimator()

    for sample in (0.1, 0.2, 0.05):
        rtt.add(sample)

    # RTTVAR = 3/4 * 0.0625 + 1/4 * |0.1125 - 0.05| = 0.046875 + 0.015625
    assert rtt.variation == pytest.approx(0.0625)
    # SRTT = 7/8 * 0.1125 + 1/8 * 0.05 = 0.0984375 + 0.00625
    assert rtt.smoothed == pytest.approx(0.1046875)


def test_equal_samples_let_the_variation_die_away() -> None:
    rtt = RttEstimator()

    for _ in range(40):
        rtt.add(0.08)

    assert rtt.smoothed == pytest.approx(0.08)
    assert rtt.variation < 0.000_001
