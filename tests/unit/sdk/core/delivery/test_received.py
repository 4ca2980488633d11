"""Which numbers have arrived, and when the peer is told."""

import pytest

from packhorse.core.delivery.received import ReceivedNumbers
from packhorse.wire.constants import (
    ACK_DELAY,
    ACK_EVERY,
    ACK_REACH,
    MAX_ACK_BITMAP,
    NUMBER_WINDOW,
)
from packhorse.wire.frames import Ack


def received(*numbers: int, asks: bool = False) -> ReceivedNumbers:
    one = ReceivedNumbers()
    take(one, *numbers, asks=asks)
    return one


def take(one: ReceivedNumbers, *numbers: int, asks: bool = False, now: float = 0.0) -> None:
    for number in numbers:
        assert one.is_new(number & 0xFFFF)
        one.accept(number & 0xFFFF, asks_ack=asks, now=now)


def told(one: ReceivedNumbers) -> set[int]:
    """Return the numbers that an acknowledgement tells of."""
    ack = one.take_ack(now=0.0)
    assert ack is not None
    bits = range(8 * MAX_ACK_BITMAP)
    return {ack.largest} | {ack.largest - 1 - i for i in bits if ack.bitmap >> i & 1}


def test_number_is_new_once() -> None:
    one = received(0, 1, 5)

    assert [number for number in range(8) if one.is_new(number)] == [2, 3, 4, 6, 7]


def test_number_is_taken_up_to_the_edge_of_the_window() -> None:
    one = received(1000)

    assert one.is_new(1000 - NUMBER_WINDOW + 1)
    assert not one.is_new(1000 - NUMBER_WINDOW)


def test_number_at_the_edge_of_the_window_is_taken_once() -> None:
    one = received(1000)

    take(one, 1000 - NUMBER_WINDOW + 1)

    assert not one.is_new(1000 - NUMBER_WINDOW + 1)


def test_number_below_zero_never_existed() -> None:
    assert not ReceivedNumbers().is_new(0xFFFF)
    assert not received(3).is_new(0xFFFF)


def test_numbers_go_on_past_65535_many_times() -> None:
    one = ReceivedNumbers()

    for number in range(0, 4 * 65536, 100):
        take(one, number)
        assert not one.is_new(number & 0xFFFF)

    assert one.newest == 4 * 65536 - 4 * 65536 % 100
    assert one.expected == one.newest + 1 - NUMBER_WINDOW


def test_nothing_is_told_before_the_first_number() -> None:
    one = ReceivedNumbers()
    one.demand_ack(now=0.0)

    assert one.take_ack(now=0.0) is None
    assert one.ack_at is None


def test_first_that_asks_is_acknowledged_after_the_delay() -> None:
    assert received(0, asks=True).ack_at == ACK_DELAY


def test_delay_counts_from_the_first_that_asked() -> None:
    one = received(0, asks=True)

    take(one, 1, asks=True, now=0.02)

    assert one.ack_at == ACK_DELAY


def test_eighth_that_asks_is_acknowledged_at_once() -> None:
    one = received(*range(ACK_EVERY - 1), asks=True)
    assert one.ack_at == ACK_DELAY

    take(one, ACK_EVERY - 1, asks=True, now=0.01)

    assert one.ack_at == 0.01


def test_acknowledgement_begins_the_count_anew() -> None:
    one = received(*range(ACK_EVERY), asks=True)
    one.take_ack(now=0.0)
    assert one.ack_at is None

    take(one, ACK_EVERY, asks=True)

    assert one.ack_at == ACK_DELAY


def test_what_does_not_ask_is_not_acknowledged_by_itself() -> None:
    assert received(*range(20), 40).ack_at is None


def test_gap_is_acknowledged_at_once() -> None:
    one = received(0)

    take(one, 2, asks=True, now=0.5)

    assert one.ack_at == 0.5


def test_number_that_closes_a_gap_is_acknowledged_at_once() -> None:
    one = received(0, 2)

    take(one, 1, asks=True, now=0.5)

    assert one.ack_at == 0.5


def test_first_of_all_is_out_of_order_unless_it_is_zero() -> None:
    one = ReceivedNumbers()

    take(one, 1, asks=True, now=0.5)

    assert one.ack_at == 0.5


def test_duplicate_is_acknowledged_at_once() -> None:
    one = received(0, asks=True)

    one.demand_ack(now=0.01)

    assert one.ack_at == 0.01


def test_acknowledgement_names_the_largest_its_delay_and_those_before_it() -> None:
    one = ReceivedNumbers()
    take(one, 0, 1, 3, now=1.0)

    assert one.take_ack(now=1.125) == Ack(3, 0.125, 0b110)


def test_number_in_an_acknowledgement_has_16_bits() -> None:
    one = received(0, 30_000, 60_000, 65_537)

    assert told(one) == {1}


def test_acknowledgement_repeats_the_32_numbers_before_the_largest() -> None:
    one = received(*range(100))
    told(one)
    take(one, 100)

    assert told(one) == set(range(100 - ACK_REACH, 101))


def test_acknowledgement_tells_of_all_since_the_last_one() -> None:
    one = received(*range(NUMBER_WINDOW))

    assert told(one) == set(range(NUMBER_WINDOW))


@pytest.mark.parametrize("count", [NUMBER_WINDOW + 1, 3 * NUMBER_WINDOW, 1000])
def test_all_that_came_before_anything_could_be_sent_is_told_of(count: int) -> None:
    one = received(*range(count), asks=True)

    numbers: set[int] = set()
    while one.ack_at is not None:
        numbers |= told(one)

    assert numbers == set(range(count))


def test_acknowledgement_that_was_made_early_is_due_and_tells_its_whole_delay() -> None:
    one = received(0, asks=True)
    take(one, NUMBER_WINDOW, now=0.01)

    assert one.ack_at is not None
    assert one.ack_at <= 0.01
    assert one.take_ack(now=0.02) == Ack(0, 0.02, 0)
    assert one.ack_at is None


def test_nothing_is_told_early_when_nothing_asked() -> None:
    assert received(*range(3 * NUMBER_WINDOW)).ack_at is None


def test_flood_of_leaping_numbers_leaves_few_acknowledgements_behind() -> None:
    one = received(*range(0, 1_000_000, 2 * NUMBER_WINDOW), asks=True)

    count = 0
    while one.ack_at is not None:
        one.take_ack(now=0.0)
        count += 1

    assert count <= 17


def test_acknowledgement_tells_of_an_old_number_that_came_late() -> None:
    one = received(0, *range(2, 200))
    told(one)

    take(one, 1, 100 + 150)

    assert 1 in told(one)
    assert 1 not in told(one)


def test_delay_is_that_of_the_largest_when_an_older_one_came_later() -> None:
    one = received(0, 2)
    take(one, 1, now=0.1)

    ack = one.take_ack(now=0.25)

    assert ack == Ack(2, 0.25, 0b11)


def test_loss_counts_what_did_not_come_within_the_window() -> None:
    one = received(*range(0, 100, 2))
    assert (one.missed, one.expected) == (0, 0)

    take(one, 99 + NUMBER_WINDOW)

    assert (one.missed, one.expected) == (50, 100)


def test_loss_counts_a_leap_over_more_than_the_window() -> None:
    one = received(0)

    take(one, 1000)

    assert (one.missed, one.expected) == (1000 - NUMBER_WINDOW, 1001 - NUMBER_WINDOW)


def test_late_number_is_not_lost() -> None:
    one = received(0, 2)
    take(one, 1)

    take(one, 2 + NUMBER_WINDOW)

    assert (one.missed, one.expected) == (0, 3)
