"""What is under way: acknowledged, lost by later numbers, or lost by time."""

import pytest

from packhorse.core.delivery.bandwidth import DeliverySnapshot
from packhorse.core.delivery.pieces import cut
from packhorse.core.delivery.sent import SentDatagram, SentDatagrams
from packhorse.wire.constants import REORDER_THRESHOLD, Mode
from packhorse.wire.frames import Ack

RTT = 0.08
PATIENCE = 0.09  # 9/8 of it
SIZE = 1000
SNAPSHOT = DeliverySnapshot(0, 0.0, 0.0, is_app_limited=False)


def under_way(*numbers: int, each: float = 0.0) -> SentDatagrams:
    """Send datagrams, `each` seconds apart."""
    sent = SentDatagrams()
    for index, number in enumerate(numbers):
        send(sent, number, now=index * each)
    return sent


def send(sent: SentDatagrams, number: int, *, now: float = 0.0) -> None:
    pieces = cut(b"x", Mode.RELIABLE, 0, number)
    sent.note_time(number, now=now)
    sent.add(SentDatagram(number, now, SIZE, pieces, SNAPSHOT))


def acked(sent: SentDatagrams, largest: int, *others: int, next_number: int = 1000) -> list[int]:
    bitmap = sum(1 << (largest - 1 - other) for other in others)
    found = sent.acknowledge(Ack(largest & 0xFFFF, 0.0, bitmap), next_number)
    assert found is not None
    return [datagram.number for datagram in found]


def lost(sent: SentDatagrams, *, now: float = 0.0) -> list[int]:
    return [datagram.number for datagram in sent.detect_losses(RTT, now=now)]


def test_largest_acknowledged_number_never_falls() -> None:
    sent = under_way(0, 1, 2)
    assert sent.largest_acked == -1

    acked(sent, 2)
    acked(sent, 1)

    assert sent.largest_acked == 2


def test_acknowledgement_brings_what_is_new_in_order() -> None:
    sent = under_way(0, 1, 2, 3)

    assert acked(sent, 2, 0) == [0, 2]
    assert acked(sent, 3, 0, 1, 2) == [1, 3]
    assert (len(sent), sent.bytes_in_flight) == (0, 0)


def test_bytes_under_way_are_those_not_acknowledged() -> None:
    sent = under_way(0, 1, 2)

    acked(sent, 1)

    assert sent.bytes_in_flight == 2 * SIZE
    assert sent.newest is not None
    assert sent.newest.number == 2


def test_acknowledgement_of_a_number_never_sent_cannot_be_true() -> None:
    sent = under_way(0, 1)

    assert sent.acknowledge(Ack(2, 0.0, 0b11), 2) is None
    assert len(sent) == 2


def test_acknowledgement_of_a_number_below_zero_is_passed_over() -> None:
    sent = under_way(0)

    assert acked(sent, -1, next_number=1) == []
    assert acked(sent, 0, -1, -2, next_number=1) == [0]


def test_numbers_go_on_past_65535_many_times() -> None:
    sent = SentDatagrams()

    for number in range(0, 4 * 65536, 1000):
        send(sent, number)
        assert acked(sent, number, next_number=number + 1) == [number]


def test_datagram_is_lost_when_the_third_after_it_is_acknowledged() -> None:
    sent = under_way(0, 1, 2, 3)

    acked(sent, REORDER_THRESHOLD - 1)
    assert lost(sent) == []
    acked(sent, REORDER_THRESHOLD)

    assert lost(sent) == [0]
    assert sent.bytes_in_flight == SIZE


def test_datagram_that_was_overtaken_is_lost_in_time() -> None:
    sent = under_way(0, 1)
    acked(sent, 1)

    assert lost(sent, now=0.08) == []
    assert sent.loss_at == PATIENCE
    assert lost(sent, now=PATIENCE) == [0]
    assert sent.loss_at is None


def test_datagram_that_was_not_overtaken_is_not_lost() -> None:
    sent = under_way(0, 1)
    acked(sent, 0)

    assert lost(sent, now=1000.0) == []
    assert sent.loss_at is None


def test_first_of_several_that_were_overtaken_is_lost_first() -> None:
    sent = under_way(0, 1, 2, each=0.01)
    acked(sent, 2)

    assert lost(sent, now=PATIENCE) == [0]
    assert sent.loss_at == 0.01 + PATIENCE


def test_time_on_a_short_path_is_at_least_a_millisecond() -> None:
    sent = under_way(0, 1)
    acked(sent, 1)

    assert sent.detect_losses(0.0, now=0.0005) == []
    assert sent.loss_at == 0.001


def test_timeout_gives_everything_up() -> None:
    sent = under_way(0, 1, 2)

    assert [datagram.number for datagram in sent.give_up_all()] == [0, 1, 2]
    assert (len(sent), sent.bytes_in_flight, sent.newest) == (0, 0, None)


def test_acknowledgement_settles_also_what_counted_as_lost() -> None:
    sent = under_way(0, 1)
    pieces = [datagram.pieces[0] for datagram in sent.give_up_all()]

    assert acked(sent, 1) == []

    assert sent.take_late() == [pieces[1]]
    assert sent.take_late() == []


def test_path_that_reorders_is_given_more_numbers() -> None:
    sent = under_way(*range(20))
    acked(sent, 5)
    assert lost(sent) == [0, 1, 2]
    acked(sent, 5, 0)

    acked(sent, 10)

    # 0 had been overtaken by 5, so now it takes 6: 6 is below 10 by 4 only.
    assert lost(sent) == [3, 4]


def test_path_that_reorders_is_given_more_time() -> None:
    sent = under_way(0, 1)
    acked(sent, 1)
    assert lost(sent, now=PATIENCE) == [0]
    acked(sent, 1, 0)

    for number in (10, 11):
        send(sent, number)
    acked(sent, 11)

    assert lost(sent, now=PATIENCE) == []
    assert sent.loss_at == pytest.approx(PATIENCE * 1.25)


def test_patience_has_an_end() -> None:
    sent = SentDatagrams()
    for first in range(0, 4000, 400):
        send(sent, first)
        send(sent, first + 399)
        acked(sent, first + 399, next_number=5000)
        assert lost(sent) == [first]
        acked(sent, first + 200, first, next_number=5000)

    for number in (4500, 4501, 4756):
        send(sent, number)
    acked(sent, 4756, next_number=5000)

    assert lost(sent) == [4500]
    assert sent.loss_at == 2 * RTT


def test_memory_of_what_was_lost_is_bounded() -> None:
    sent = under_way(*range(5000))

    sent.give_up_all()

    assert len(sent._declared_lost) <= 1024


def test_time_of_sending_is_remembered_for_a_while() -> None:
    sent = SentDatagrams()
    assert sent.sent_at(0, 0) is None

    for number in range(3000):
        sent.note_time(number, now=float(number))

    assert sent.sent_at(2999, 3000) == 2999.0
    assert sent.sent_at(0, 3000) is None
