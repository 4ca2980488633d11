"""When unreliable frames ask, and how far their numbers may run ahead."""

from packhorse.core.delivery.asking import AskSchedule, may_go_on
from packhorse.wire.constants import ASK_INTERVAL, ASK_NUMBERS


def test_asks_a_second_after_the_last_that_asked() -> None:
    schedule = AskSchedule(now=5.0)

    assert not schedule.is_due(0, now=5.0 + ASK_INTERVAL / 2)
    assert schedule.due_at == 5.0 + ASK_INTERVAL
    assert schedule.is_due(1, now=schedule.due_at)
    schedule.note(1, now=6.0)
    assert not schedule.is_due(2, now=6.5)
    assert schedule.is_due(2, now=7.0)


def test_one_in_1024_numbers_asks() -> None:
    schedule = AskSchedule(now=0.0)
    asked = []

    for number in range(5000):
        if schedule.is_due(number, now=0.0):
            schedule.note(number, now=0.0)
            asked.append(number)

    assert asked == [ASK_NUMBERS, 2 * ASK_NUMBERS + 1, 3 * ASK_NUMBERS + 2, 4 * ASK_NUMBERS + 3]


def test_numbers_go_on_as_long_as_the_peer_can_tell_them_from_old_ones() -> None:
    far = 32768 - ASK_NUMBERS

    assert may_go_on(far - 1, -1)
    assert not may_go_on(far, -1)
    assert may_go_on(far + 500, 500)
    assert not may_go_on(far + 501, 500)
