"""One lane of one sender: what comes out keeps the promise of its mode."""

import pytest

from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.incoming import ReceiveLane
from packhorse.core.delivery.memory import MemoryBudget, PeerMemory
from packhorse.wire.constants import (
    LANE_WINDOW,
    MAX_RELIABLE_MESSAGE,
    MAX_UNFINISHED,
    MAX_UNRELIABLE_MESSAGE,
    MESSAGE_COST,
    PIECE_COST,
    RECEIVE_WINDOW,
    DropReason,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import MessageFrame

RELIABLE = (Mode.RELIABLE, Mode.RELIABLE_UNORDERED)
UNRELIABLE = (Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED)


class Lane:
    """A lane, its memory, and frames written shortly."""

    def __init__(self, mode: Mode, memory: int = 1 << 30) -> None:
        self.budget = MemoryBudget(memory)
        self.mode = mode
        self.credit = Credit()
        self.memory = PeerMemory(self.budget, is_reliable=mode in RELIABLE)
        self.lane = ReceiveLane(mode, self.memory, self.credit)

    def take(self, sequence: int, data: bytes, part: int = 0, parts: int = 1) -> list[bytes]:
        frame = MessageFrame(self.mode, 0, sequence & 0xFFFF, part, parts, data)
        return list(self.lane.receive(frame))

    def refuses(self, sequence: int, data: bytes, part: int = 0, parts: int = 1) -> DropReason:
        with pytest.raises(ParseError) as caught:
            self.take(sequence, data, part, parts)
        return caught.value.reason


def test_reliable_messages_come_in_order() -> None:
    lane = Lane(Mode.RELIABLE)

    assert lane.take(2, b"c") == []
    assert lane.take(1, b"bb") == []
    assert lane.budget.used == 3 + 2 * MESSAGE_COST
    assert lane.take(0, b"a") == [b"a", b"bb", b"c"]
    assert lane.budget.used == 0


def test_reliable_unordered_messages_come_at_once() -> None:
    lane = Lane(Mode.RELIABLE_UNORDERED)

    assert [lane.take(sequence, b"x") for sequence in (2, 0)] == [[b"x"]] * 2
    assert lane.budget.used == MESSAGE_COST
    assert lane.take(1, b"x") == [b"x"]
    assert lane.budget.used == 0


@pytest.mark.parametrize("mode", RELIABLE)
def test_reliable_message_comes_once(mode: Mode) -> None:
    lane = Lane(mode)
    lane.take(0, b"a")
    lane.take(2, b"c")

    assert lane.refuses(0, b"a") is DropReason.LATE_MESSAGE
    assert lane.refuses(2, b"c") is DropReason.LATE_MESSAGE


@pytest.mark.parametrize("mode", RELIABLE)
def test_reliable_sequence_is_taken_up_to_the_edge_of_the_window(mode: Mode) -> None:
    lane = Lane(mode)

    lane.take(LANE_WINDOW - 1, b"")

    assert lane.refuses(LANE_WINDOW, b"") is DropReason.BAD_FRAGMENT


@pytest.mark.parametrize("mode", RELIABLE)
def test_reliable_sequences_go_on_past_65535_many_times(mode: Mode) -> None:
    lane = Lane(mode)

    for sequence in range(100_000):
        assert len(lane.take(sequence, b"")) == 1
        lane.credit.consume(0)

    assert lane.refuses(99_999, b"") is DropReason.LATE_MESSAGE


def test_ordered_sequences_go_on_past_65535_many_times() -> None:
    lane = Lane(Mode.UNRELIABLE_ORDERED)

    for sequence in range(0, 20 * 65536, 9973):
        assert len(lane.take(sequence, b"")) == 1
        assert lane.refuses(sequence, b"") is DropReason.LATE_MESSAGE


def test_message_in_pieces_comes_when_the_last_one_has_come() -> None:
    lane = Lane(Mode.RELIABLE)

    assert lane.take(0, b"ef", 2, 3) == []
    assert lane.take(0, b"ab", 0, 3) == []
    assert lane.take(0, b"cd", 1, 3) == [b"abcdef"]
    assert lane.budget.used == 0


def test_early_message_in_pieces_waits_for_its_turn() -> None:
    lane = Lane(Mode.RELIABLE)
    lane.take(1, b"ab", 0, 2)

    assert lane.take(1, b"c", 1, 2) == []
    assert lane.budget.used == 3 + MESSAGE_COST
    assert lane.take(0, b"first") == [b"first", b"abc"]


@pytest.mark.parametrize("mode", list(Mode))
def test_first_piece_takes_memory_for_all(mode: Mode) -> None:
    lane = Lane(mode)

    lane.take(1, bytes(200), 3, 10)

    assert lane.budget.used == 2000 + MESSAGE_COST


def test_larger_piece_that_comes_later_takes_the_rest() -> None:
    lane = Lane(Mode.RELIABLE)
    lane.take(0, b"c", 2, 3)
    assert lane.budget.used == 3 * PIECE_COST

    lane.take(0, bytes(1000), 0, 3)

    assert lane.budget.used == 1001


@pytest.mark.parametrize("mode", list(Mode))
def test_piece_comes_once(mode: Mode) -> None:
    lane = Lane(mode)
    lane.take(0, b"a", 0, 2)

    assert lane.refuses(0, b"a", 0, 2) is DropReason.LATE_MESSAGE


@pytest.mark.parametrize("mode", list(Mode))
def test_piece_with_another_count_does_not_fit(mode: Mode) -> None:
    lane = Lane(mode)
    lane.take(0, b"a", 0, 2)

    assert lane.refuses(0, b"b", 1, 3) is DropReason.BAD_FRAGMENT
    assert len(lane.take(0, b"b", 1, 2)) == 1


@pytest.mark.parametrize("mode", list(Mode))
def test_piece_that_shows_too_large_a_message_is_refused(mode: Mode) -> None:
    limit = MAX_RELIABLE_MESSAGE if mode in RELIABLE else MAX_UNRELIABLE_MESSAGE
    lane, size = Lane(mode), 1024

    reason = lane.refuses(0, bytes(size), 0, limit // size + 1)

    assert reason is DropReason.BAD_FRAGMENT
    assert lane.budget.used == 0
    lane.take(0, bytes(size), 0, limit // size)


def test_pieces_that_grow_too_large_together_are_refused() -> None:
    lane = Lane(Mode.UNRELIABLE)
    parts, most = 60, MAX_UNRELIABLE_MESSAGE // 59
    for part in range(59):
        lane.take(0, bytes(most), part, parts)

    reason = lane.refuses(0, bytes(most), 59, parts)

    assert reason is DropReason.BAD_FRAGMENT
    assert lane.budget.used <= MAX_UNRELIABLE_MESSAGE + MESSAGE_COST


def test_pieces_take_at_most_the_largest_message() -> None:
    lane = Lane(Mode.UNRELIABLE)

    lane.take(0, bytes(1100), 0, 60)

    assert lane.budget.used == MAX_UNRELIABLE_MESSAGE + MESSAGE_COST


def test_tiny_pieces_take_memory_for_all_that_they_say_there_are() -> None:
    lane = Lane(Mode.RELIABLE)

    lane.take(0, b"x", 0, 65535)

    assert lane.budget.used == 65535 * PIECE_COST


@pytest.mark.parametrize("mode", RELIABLE)
def test_message_whose_turn_it_is_counts_no_more_than_its_payload(mode: Mode) -> None:
    lane = Lane(mode, memory=1000)

    assert lane.refuses(1, bytes(500), 0, 2) is DropReason.REASSEMBLY_FULL
    assert lane.take(0, bytes(500), 0, 2) == []
    assert lane.take(0, bytes(500), 1, 2) == [bytes(1000)]


def test_message_whose_turn_came_while_it_was_unfinished_gives_all_memory_back() -> None:
    lane = Lane(Mode.RELIABLE)
    lane.take(1, bytes(500), 0, 2)
    lane.take(0, b"first")

    assert lane.take(1, b"x", 1, 2) == [bytes(500) + b"x"]
    assert lane.budget.used == 0


def test_reliable_message_displaces_the_oldest_unfinished_unreliable_one() -> None:
    lane = Lane(Mode.UNRELIABLE, memory=4000 + 2 * MESSAGE_COST)
    reliable = PeerMemory(lane.budget, is_reliable=True)
    lane.take(0, bytes(1000), 0, 2)
    lane.take(1, bytes(1000), 0, 2)

    assert reliable.acquire(1000)

    assert lane.take(1, bytes(1000), 1, 2) == [bytes(2000)]
    assert lane.take(0, bytes(1000), 1, 2) == []  # begins anew


def test_finished_unreliable_message_offers_its_memory_no_more() -> None:
    lane = Lane(Mode.UNRELIABLE, memory=2000 + MESSAGE_COST)
    reliable = PeerMemory(lane.budget, is_reliable=True)
    for part in range(2):
        lane.take(0, bytes(1000), part, 2)
    assert reliable.acquire(2000)

    assert not reliable.acquire(2000)
    assert lane.budget.used == 2000


@pytest.mark.parametrize("mode", list(Mode))
def test_piece_without_memory_is_refused_and_leaves_nothing_behind(mode: Mode) -> None:
    lane = Lane(mode, memory=399)

    assert lane.refuses(0, bytes(200), 0, 2) is DropReason.REASSEMBLY_FULL
    assert lane.budget.used == 0


def test_larger_piece_without_memory_can_come_again() -> None:
    lane = Lane(Mode.RELIABLE, memory=1000)
    assert lane.budget.acquire(500)
    lane.take(0, b"z", 1, 2)

    assert lane.refuses(0, bytes(999), 0, 2) is DropReason.REASSEMBLY_FULL
    lane.budget.release(500)

    assert lane.take(0, bytes(999), 0, 2) == [bytes(999) + b"z"]


def test_early_message_without_memory_can_come_again() -> None:
    lane = Lane(Mode.RELIABLE, memory=10 + MESSAGE_COST)

    assert lane.refuses(1, bytes(11)) is DropReason.REASSEMBLY_FULL
    assert lane.take(0, b"a") == [b"a"]
    assert lane.take(1, bytes(11)) == [bytes(11)]


def test_message_whose_turn_it_is_needs_no_memory() -> None:
    assert Lane(Mode.RELIABLE, memory=0).take(0, bytes(1000)) == [bytes(1000)]


@pytest.mark.parametrize("mode", [*RELIABLE, Mode.UNRELIABLE_ORDERED])
def test_whole_message_in_the_place_of_an_unfinished_one_gives_back_its_memory(
    mode: Mode,
) -> None:
    lane = Lane(mode)
    lane.take(0, bytes(100), 0, 2)

    assert lane.take(0, b"whole") == [b"whole"]
    assert lane.budget.used == 0


@pytest.mark.parametrize("mode", RELIABLE)
def test_new_reliable_payload_beyond_the_credit_is_refused(mode: Mode) -> None:
    lane = Lane(mode)
    lane.take(1, b"a", 0, 2)
    lane.credit.arrive(RECEIVE_WINDOW - MESSAGE_COST - 1)

    assert lane.refuses(0, b"x") is DropReason.REASSEMBLY_FULL
    assert lane.refuses(2, b"x", 0, 2) is DropReason.REASSEMBLY_FULL
    assert lane.refuses(1, b"b", 1, 2) is DropReason.REASSEMBLY_FULL
    assert lane.refuses(1, b"a", 0, 2) is DropReason.LATE_MESSAGE
    assert lane.budget.used == 2 * PIECE_COST + MESSAGE_COST


@pytest.mark.parametrize("mode", RELIABLE)
def test_each_reliable_piece_takes_credit_once(mode: Mode) -> None:
    lane = Lane(mode)
    lane.take(0, b"ab", 0, 2)
    lane.refuses(0, b"ab", 0, 2)
    lane.take(0, b"c", 1, 2)
    lane.refuses(0, b"ab", 0, 2)
    lane.take(2, b"de")

    assert lane.credit.may_arrive(RECEIVE_WINDOW - 2 * MESSAGE_COST - 5)
    assert not lane.credit.may_arrive(RECEIVE_WINDOW - 2 * MESSAGE_COST - 4)


@pytest.mark.parametrize("mode", UNRELIABLE)
def test_unreliable_messages_need_no_credit(mode: Mode) -> None:
    lane = Lane(mode)
    lane.credit.arrive(RECEIVE_WINDOW)

    assert lane.take(0, b"x") == [b"x"]
    assert lane.take(1, b"x", 0, 2) == []


def test_whole_unreliable_messages_all_come() -> None:
    lane = Lane(Mode.UNRELIABLE)

    assert [lane.take(0, b"x") for _ in range(3)] == [[b"x"]] * 3


def test_unreliable_ordered_messages_never_go_back() -> None:
    lane = Lane(Mode.UNRELIABLE_ORDERED)

    assert lane.take(5, b"new") == [b"new"]
    assert lane.refuses(5, b"new") is DropReason.LATE_MESSAGE
    assert lane.refuses(4, b"old") is DropReason.LATE_MESSAGE
    assert lane.refuses(4, b"o", 0, 2) is DropReason.LATE_MESSAGE


def test_unreliable_ordered_message_gives_up_unfinished_ones_before_it() -> None:
    lane = Lane(Mode.UNRELIABLE_ORDERED)
    lane.take(0, bytes(10), 0, 2)
    lane.take(2, bytes(10), 0, 2)

    lane.take(1, b"whole")

    assert lane.budget.used == 2 * PIECE_COST + MESSAGE_COST
    assert lane.take(2, b"x", 1, 2) == [bytes(10) + b"x"]


def test_unreliable_message_in_pieces_may_come_after_a_newer_one() -> None:
    lane = Lane(Mode.UNRELIABLE)
    lane.take(0, b"a", 0, 2)
    lane.take(1, b"a", 0, 2)

    assert lane.take(1, b"b", 1, 2) == [b"ab"]
    assert lane.take(0, b"b", 1, 2) == [b"ab"]


@pytest.mark.parametrize("mode", UNRELIABLE)
def test_oldest_unfinished_message_gives_way(mode: Mode) -> None:
    lane = Lane(mode)

    for sequence in range(1, MAX_UNFINISHED + 2):
        lane.take(sequence, bytes(10), 0, 2)

    assert lane.budget.used == (2 * PIECE_COST + MESSAGE_COST) * MAX_UNFINISHED
    assert lane.refuses(1, b"b", 1, 2) is DropReason.LATE_MESSAGE
    assert len(lane.take(2, b"b", 1, 2)) == 1


def test_unreliable_piece_far_below_the_newest_complete_one_is_late() -> None:
    lane = Lane(Mode.UNRELIABLE)
    for part in range(2):
        lane.take(100, b"a", part, 2)

    assert lane.refuses(101 - MAX_UNFINISHED - 1, b"a", 0, 2) is DropReason.LATE_MESSAGE
    assert lane.take(101 - MAX_UNFINISHED, b"a", 0, 2) == []


@pytest.mark.parametrize("mode", list(Mode))
def test_closing_gives_all_memory_back(mode: Mode) -> None:
    lane = Lane(mode)
    lane.take(3, bytes(100), 0, 2)
    lane.take(4, bytes(100))
    lane.take(6, bytes(100), 1, 5)

    lane.lane.close()

    assert lane.budget.used == 0
