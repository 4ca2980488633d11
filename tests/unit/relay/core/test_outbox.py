"""Tests of what may be sent, and of the budget for replies to strangers."""

import pytest

from packhorse.wire.constants import DropReason
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.outbox import Answer, Outbox
from packhorse_relay.core.settings import Settings
from tests.support.relay_harness import address


def outbox(settings: Settings | None = None) -> Outbox:
    return Outbox(settings or Settings(), now=0.0)


def replied(box: Outbox, source_number: int, times: int, now: float = 0.0) -> int:
    """Return how many of so many replies were within the budget."""
    source = address(source_number)
    return sum(box.try_reply_unproven(b"reply", b"request", source, now=now) for _ in range(times))


def test_datagrams_are_drained_once_and_in_order() -> None:
    box = outbox()
    box.send(b"a", address(1))
    box.send(b"b", address(2))

    assert box.drain() == [(b"a", address(1)), (b"b", address(2))]
    assert box.drain() == []


def test_reply_as_large_as_its_request_is_sent() -> None:
    """JOIN-2: the boundary."""
    box = outbox()
    assert box.try_reply_unproven(b"12345", b"abcde", address(1), now=0.0)

    assert box.drain() == [(b"12345", address(1))]


def test_reply_larger_than_its_request_is_withheld() -> None:
    """JOIN-2: one byte over."""
    box = outbox()
    assert not box.try_reply_unproven(b"123456", b"abcde", address(1), now=0.0)

    assert box.drain() == []


def test_reply_that_is_withheld_for_its_size_costs_no_budget() -> None:
    box = outbox()
    for _ in range(20):
        box.try_reply_unproven(b"reply", b"", address(1), now=0.0)

    assert replied(box, 1, 20) == 10


def test_source_gets_ten_replies_a_second() -> None:
    box = outbox()

    assert [replied(box, 1, 20, now) for now in (0.0, 0.5, 1.0, 9.0)] == [10, 5, 5, 10]


def test_other_ports_of_a_source_share_its_budget() -> None:
    box = outbox()
    replied(box, 1, 10)

    assert not box.try_reply_unproven(b"reply", b"request", address(1, 50000), now=0.0)


def test_all_sources_together_get_two_thousand_replies_a_second() -> None:
    box = outbox()

    assert sum(replied(box, number, 10) for number in range(300)) == 200
    assert sum(replied(box, 300 + ms, 10, ms / 1000) for ms in range(1, 1001)) == 2000


def test_source_over_its_own_budget_uses_up_nothing_of_the_others() -> None:
    box = outbox()
    replied(box, 0, 5000)

    assert sum(replied(box, number, 10) for number in range(1, 300)) == 190


def test_no_source_is_remembered_once_the_budget_of_all_is_used_up() -> None:
    """LIM-1: a flood from many sources fills no table in vain."""
    box = outbox(Settings(reply_rate_total=30))
    for number in range(100):
        replied(box, number, 1)

    assert len(box._budgets[Answer.ADVICE]) == 3


@pytest.mark.parametrize("kind", [Answer.GREETING, Answer.REFUSAL])
def test_advice_uses_up_nothing_of_other_answers(kind: Answer) -> None:
    box = outbox()
    replied(box, 1, 5000)
    for _ in range(10):
        box.spend(kind, address(1), now=0.0)

    with pytest.raises(DatagramDropped) as dropped:
        box.spend(kind, address(1), now=0.0)
    assert dropped.value.reason is DropReason.REPLY_BUDGET


def test_changed_reply_rates_count_at_once() -> None:
    outbox = Outbox(Settings(reply_rate=1, reply_rate_total=1), now=0.0)
    outbox.spend(Answer.GREETING, address(1), now=0.0)

    outbox.change_settings(Settings(reply_rate=3, reply_rate_total=100), now=0.1)

    assert not outbox.has_any(Answer.GREETING, now=0.1)
    for _ in range(3):
        outbox.spend(Answer.GREETING, address(1), now=1.0)
    with pytest.raises(DatagramDropped):
        outbox.spend(Answer.GREETING, address(1), now=1.0)
