"""How fast the path delivers."""

import pytest

from packhorse.core.delivery.bandwidth import DeliveryRate, Train, WindowedMax

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


def train(*, sent_every: float, acked_every: float) -> Train | None:
    """Return what two acknowledgements of eight datagrams each show, after a first one."""
    rate = DeliveryRate(now=0.0)
    newest = None
    for i in range(3):
        snapshot = rate.snapshot(SIZE, now=8 * i * sent_every)
        now = 1.0 + 8 * i * acked_every
        rate.acknowledge(8 * SIZE, now=now)
        rate.sample(snapshot, 8 * i * sent_every, now=now)
        newest = rate.train(16 * SIZE, now=now)
    return newest


def test_train_has_no_rate_until_it_is_long_enough() -> None:
    rate = DeliveryRate(now=0.0)
    assert rate.train(2 * SIZE, now=0.0) is None

    rate.acknowledge(SIZE, now=0.1)
    assert rate.train(2 * SIZE, now=0.1) is None
    rate.acknowledge(SIZE, now=0.2)

    assert rate.train(2 * SIZE, now=0.2) is not None


def test_train_that_comes_through_as_it_was_sent_is_not_stretched() -> None:
    shown = train(sent_every=0.01, acked_every=0.01)

    assert shown is not None
    assert shown.rate == pytest.approx(SIZE / 0.01)
    assert not shown.is_stretched


def test_train_that_comes_through_more_slowly_shows_the_rate_of_the_path() -> None:
    shown = train(sent_every=0.01, acked_every=0.03)

    assert shown is not None
    assert shown.rate == pytest.approx(SIZE / 0.03)
    assert shown.is_stretched


def test_acknowledgements_of_a_train_that_come_at_once_do_not_count_as_speed() -> None:
    shown = train(sent_every=0.01, acked_every=0.0)

    assert shown is not None
    assert shown.rate == pytest.approx(SIZE / 0.01)
    assert not shown.is_stretched
