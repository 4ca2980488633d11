"""How fast the path delivers."""

import pytest

from packhorse.core.delivery.bandwidth import DeliveryRate, WindowedMax

SIZE = 1000


def test_maximum_of_nothing_is_zero() -> None:
    assert WindowedMax(10).value == 0.0


def test_maximum_is_the_largest_of_the_window() -> None:
    largest = WindowedMax(10)

    for at_round, value in enumerate([3.0, 9.0, 5.0]):
        largest.add(value, at_round)

    assert largest.value == 9.0


def test_maximum_forgets_old_rounds() -> None:
    largest = WindowedMax(3)

    largest.add(9.0, 0)
    largest.add(5.0, 1)
    largest.add(4.0, 2)
    assert largest.value == 9.0
    largest.add(1.0, 3)

    assert largest.value == 5.0


def test_steady_delivery_is_measured() -> None:
    rate = DeliveryRate(now=0.0)
    snapshots = [rate.snapshot(i * SIZE, now=i * 0.01) for i in range(10)]
    samples = []

    for i, snapshot in enumerate(snapshots):
        rate.acknowledge(SIZE, now=0.1 + i * 0.01)
        samples.append(rate.sample(snapshot, i * 0.01, now=0.1 + i * 0.01))

    assert rate.delivered == 10 * SIZE
    assert samples[-1] == pytest.approx(10 * SIZE / 0.19, rel=0.1)


def test_acknowledgements_that_come_at_once_do_not_count_as_speed() -> None:
    rate = DeliveryRate(now=0.0)
    snapshots = [rate.snapshot(i * SIZE, now=i * 0.1) for i in range(10)]

    rate.acknowledge(10 * SIZE, now=1.0)

    assert rate.sample(snapshots[-1], 0.9, now=1.0) <= 10 * SIZE / 0.9


def test_sample_of_a_time_with_too_little_to_send_is_marked() -> None:
    rate = DeliveryRate(now=0.0)
    assert not rate.snapshot(0, now=0.0).is_app_limited

    rate.note_app_limited(SIZE)
    marked = rate.snapshot(SIZE, now=0.1)
    rate.acknowledge(SIZE, now=0.2)

    assert marked.is_app_limited
    assert not rate.snapshot(SIZE, now=0.3).is_app_limited
