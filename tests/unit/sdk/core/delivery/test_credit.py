"""Flow control: how much may be sent, and when more is granted."""

import struct

from packhorse.core.delivery.credit import Credit
from packhorse.wire.constants import MESSAGE_COST, RECEIVE_WINDOW

KIB = 1024
EIGHTH = RECEIVE_WINDOW // 8


def test_a_receive_window_may_be_sent_at_first() -> None:
    credit = Credit()

    credit.spend(RECEIVE_WINDOW - 1)

    assert credit.left == 1


def test_grant_counts_from_the_beginning() -> None:
    credit = Credit()
    credit.spend(RECEIVE_WINDOW)

    credit.grant(RECEIVE_WINDOW // KIB + 3)

    assert credit.left == 3 * KIB


def test_smaller_grant_than_before_changes_nothing() -> None:
    credit = Credit()
    credit.grant(RECEIVE_WINDOW // KIB + 3)

    credit.grant(0)

    assert credit.left == RECEIVE_WINDOW + 3 * KIB


def test_credit_is_told_when_an_eighth_was_consumed() -> None:
    credit = Credit()

    assert credit.consume(EIGHTH - MESSAGE_COST - 1) is None
    frame = credit.consume(0)

    assert frame is not None
    assert frame.head == struct.pack(">BI", 0x81, (RECEIVE_WINDOW + EIGHTH) // KIB)


def test_next_credit_comes_after_another_eighth() -> None:
    credit = Credit()
    assert credit.consume(EIGHTH)

    assert credit.consume(EIGHTH - MESSAGE_COST - 1) is None
    assert credit.consume(0) is not None


def test_credit_is_rounded_down_to_kibibytes() -> None:
    frame = Credit().consume(EIGHTH - MESSAGE_COST + KIB - 1)

    assert frame is not None
    assert frame.head[1:] == struct.pack(">I", (RECEIVE_WINDOW + EIGHTH) // KIB)


def test_credit_is_repeated_and_takes_no_credit_itself() -> None:
    frame = Credit().consume(EIGHTH)

    assert frame is not None
    assert frame.is_repeated
    assert frame.cost == 0


def test_no_more_may_arrive_than_was_granted() -> None:
    credit = Credit()

    credit.arrive(RECEIVE_WINDOW - 1)

    assert credit.may_arrive(1)
    assert not credit.may_arrive(2)


def test_only_what_the_sender_was_told_is_granted() -> None:
    credit = Credit()
    credit.arrive(RECEIVE_WINDOW)

    credit.consume(EIGHTH - MESSAGE_COST - 1)
    assert not credit.may_arrive(1)
    credit.consume(KIB - MESSAGE_COST)  # and a bit, which is rounded down

    assert credit.may_arrive(EIGHTH)
    assert not credit.may_arrive(EIGHTH + KIB)
