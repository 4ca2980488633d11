"""Datagrams are spread over time."""

from packhorse.core.delivery.pacer import Pacer

SIZE = 1200


def sent_until(pacer: Pacer, end: float, rate: float) -> int:
    """Send whenever the pacer lets it, in steps of a tenth of a millisecond."""
    sent = 0
    for step in range(round(end * 10_000)):
        now = 1.0 + step / 10_000
        while pacer.may_send(now=now):
            pacer.count(SIZE, rate, now=now)
            sent += SIZE
    return sent


def test_first_datagram_may_leave_at_once() -> None:
    assert Pacer().may_send(now=0.0)


def test_rate_is_kept_over_a_second() -> None:
    rate = 100_000.0

    assert rate * 0.95 < sent_until(Pacer(), 1.0, rate) < rate * 1.05


def test_at_most_ten_datagrams_or_two_milliseconds_leave_at_once_after_a_pause() -> None:
    for rate in (10_000.0, 1_000_000.0, 100_000_000.0):
        pacer = Pacer()
        pacer.count(SIZE, rate, now=0.0)
        burst = 0

        while pacer.may_send(now=1000.0):
            pacer.count(SIZE, rate, now=1000.0)
            burst += 1

        assert burst <= max(10, rate * 0.002 / SIZE + 1)


def test_next_datagram_may_leave_when_it_says() -> None:
    pacer = Pacer()
    while pacer.may_send(now=1.0):
        pacer.count(SIZE, 10_000.0, now=1.0)

    assert pacer.next_at > 1.0
    assert pacer.may_send(now=pacer.next_at)


def test_rate_is_kept_by_a_loop_that_comes_late_every_time() -> None:
    pacer, rate, sent = Pacer(), 200_000.0, 0

    for turn in range(100):
        now = 1.0 + turn * 0.015
        while pacer.may_send(now=now):
            pacer.count(SIZE, rate, now=now)
            sent += SIZE

    assert sent > rate * 1.5 * 0.95


def test_what_was_due_since_the_last_frame_of_a_game_leaves_in_the_next() -> None:
    rate = 5_000_000.0

    pacer, sent = Pacer(), 0
    for frame in range(60):
        now = frame / 60
        while pacer.may_send(now=now):
            pacer.count(SIZE, rate, now=now)
            sent += SIZE
        pacer.is_holding = True

    assert rate * 0.95 < sent < rate * 1.05


def test_a_long_stall_is_not_made_up_for() -> None:
    pacer, rate = Pacer(), 5_000_000.0
    pacer.count(SIZE, rate, now=0.0)
    pacer.is_holding = True

    sent = 0
    while pacer.may_send(now=3.0):
        pacer.count(SIZE, rate, now=3.0)
        sent += SIZE

    assert sent <= rate * 0.035 + 2 * SIZE
