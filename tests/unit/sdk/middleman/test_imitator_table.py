"""When an imitator is idle, and whose address is kept for whom."""

from typing import Final

from packhorse.core.events import PeerId
from packhorse.middleman.imitator_table import ImitatorTable

ANNA: Final = PeerId(2)
BERT: Final = PeerId(3)
HERE: Final = ("127.0.0.1", 40000)
THERE: Final = ("127.0.0.1", 40001)


def test_imitator_is_closed_when_idle_and_not_before() -> None:
    table = ImitatorTable(idle_after=60.0)
    table.opened(table.add(ANNA, now=0.0), HERE, now=1.0)

    assert table.next_timeout() == 61.0
    assert table.close_idle(now=60.9) == []
    assert table.close_idle(now=61.0) == [ANNA]
    assert table.close_idle(now=200.0) == []
    assert table.next_timeout() is None


def test_traffic_postpones_the_end() -> None:
    table = ImitatorTable(idle_after=60.0)
    slot = table.add(ANNA, now=0.0)
    table.opened(slot, HERE, now=0.0)

    slot.last_traffic = 59.0

    assert table.close_idle(now=60.0) == []
    assert table.next_timeout() == 119.0


def test_idle_imitator_keeps_its_address() -> None:
    table = ImitatorTable(idle_after=60.0)
    slot = table.add(ANNA, now=0.0)
    table.opened(slot, HERE, now=0.0)

    table.close_idle(now=60.0)

    assert (slot.address, slot.is_open) == (HERE, False)
    assert table.is_kept_for_other(HERE, table.add(BERT, now=60.0))
    assert not table.is_kept_for_other(HERE, slot)
    assert not table.is_kept_for_other(THERE, slot)


def test_removed_imitator_frees_its_place_and_address() -> None:
    table = ImitatorTable(idle_after=60.0)
    table.opened(table.add(ANNA, now=0.0), HERE, now=0.0)

    table.remove(ANNA)
    table.remove(ANNA)

    assert len(table) == 0
    assert not table.is_kept_for_other(HERE, table.add(BERT, now=0.0))
    assert table.next_timeout() is None


def test_next_timeout_is_that_of_the_longest_idle() -> None:
    table = ImitatorTable(idle_after=60.0)
    table.opened(table.add(ANNA, now=0.0), HERE, now=5.0)
    table.opened(table.add(BERT, now=0.0), THERE, now=3.0)

    assert table.next_timeout() == 63.0
