"""What is taken, given back and given up."""

from functools import partial

import pytest

from packhorse.core.delivery.memory import MemoryBudget, PeerMemory
from packhorse.wire.constants import MESSAGE_COST, RECEIVE_WINDOW


def test_memory_is_bounded_for_one_and_for_all() -> None:
    whole = MemoryBudget(10)
    one, other = MemoryBudget(6, whole), MemoryBudget(6, whole)

    assert one.acquire(6)
    assert not one.acquire(1)
    assert not other.acquire(5)
    assert other.acquire(4)
    one.release(6)

    assert (one.used, other.used, whole.used) == (0, 4, 4)


def test_what_was_offered_gives_way_oldest_first_and_only_as_far_as_needed() -> None:
    whole = MemoryBudget(30)
    unreliable, reliable = MemoryBudget(30, whole), MemoryBudget(30, whole)
    given_up: list[str] = []

    def give_up(name: str) -> None:
        given_up.append(name)
        unreliable.withdraw(name)
        unreliable.release(10)

    for name in ("first", "second", "third"):
        assert unreliable.acquire(10)
        unreliable.offer(name, partial(give_up, name))
    unreliable.withdraw("first")

    assert not reliable.acquire(10)
    assert reliable.acquire(10, displaces=True)
    assert given_up == ["second"]
    assert not reliable.acquire(20, displaces=True)
    assert given_up == ["second", "third"]
    assert whole.used == 20


def test_message_counts_besides_its_payload() -> None:
    whole = MemoryBudget(1 << 30)
    memory = PeerMemory(whole, is_reliable=True)

    assert memory.acquire(100, messages=2)
    assert whole.used == 100 + 2 * MESSAGE_COST

    memory.release(100, messages=2)
    assert whole.used == 0


@pytest.mark.parametrize("limit", [99 + MESSAGE_COST, MESSAGE_COST - 1])
def test_nothing_is_taken_where_not_all_can_be_had(limit: int) -> None:
    whole = MemoryBudget(limit)

    assert not PeerMemory(whole, is_reliable=True).acquire(100, messages=1)
    assert whole.used == 0


def test_tiny_messages_leave_the_payload_of_large_ones_its_place() -> None:
    memory = PeerMemory(MemoryBudget(1 << 30), is_reliable=True)
    most = RECEIVE_WINDOW // MESSAGE_COST

    assert memory.acquire(0, messages=most)
    assert not memory.acquire(0, messages=1)
    assert memory.acquire(RECEIVE_WINDOW)
    assert not memory.acquire(1)
