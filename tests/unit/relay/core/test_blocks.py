"""Tests of blocks: what a source that guesses room codes has to wait for."""

import pytest

from packhorse_relay.core.blocks import JoinFailures

SOURCE = bytes([192, 0, 2, 1])
OTHER = bytes([192, 0, 2, 2])


def failures(max_sources: int = 100) -> JoinFailures:
    return JoinFailures(10, 60, 900, max_sources)


def fail_until_blocked(blocks: JoinFailures, now: float, source: bytes = SOURCE) -> float:
    """Fail once more than is allowed; return the length of the block."""
    for _ in range(11):
        blocks.add(source, now=now)
    return blocks.blocked_for(source, now=now)


def test_ten_failures_in_a_minute_have_no_consequence() -> None:
    blocks = failures()
    for second in range(10):
        blocks.add(SOURCE, now=second / 10)

    assert blocks.blocked_for(SOURCE, now=1.0) == 0


def test_eleventh_failure_blocks_the_source_for_60_s() -> None:
    blocks = failures()

    assert fail_until_blocked(blocks, 0.0) == 60
    assert [blocks.blocked_for(SOURCE, now=now) for now in (59.0, 60.0, 61.0)] == [1, 0, 0]


def test_block_concerns_no_other_source() -> None:
    blocks = failures()
    fail_until_blocked(blocks, 0.0)

    assert blocks.blocked_for(OTHER, now=0.0) == 0


def test_failures_spread_over_time_have_no_consequence() -> None:
    blocks = failures()
    for minute in range(100):
        for _ in range(10):
            blocks.add(SOURCE, now=minute * 60.0)

    assert blocks.blocked_for(SOURCE, now=100 * 60.0) == 0


def test_each_block_lasts_twice_as_long_up_to_900_s() -> None:
    blocks, now, lengths = failures(), 0.0, []
    for _ in range(6):
        lengths.append(fail_until_blocked(blocks, now))
        now += lengths[-1]

    assert lengths == [60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize(("quiet", "length"), [(900.0, 120), (900.1, 60)])
def test_source_that_was_quiet_for_the_longest_block_starts_over(
    quiet: float, length: float
) -> None:
    blocks = failures()
    fail_until_blocked(blocks, 0.0)

    assert fail_until_blocked(blocks, 60 + quiet) == length


def test_blocks_have_a_largest_number_and_the_oldest_gives_way() -> None:
    """LIM-1: at the boundary none is forgotten; one more forgets one."""
    blocks = failures(max_sources=2)
    fail_until_blocked(blocks, 0.0, SOURCE)
    fail_until_blocked(blocks, 0.0, OTHER)
    is_first_remembered = blocks.blocked_for(SOURCE, now=0.0) > 0
    fail_until_blocked(blocks, 0.0, b"third")

    assert is_first_remembered
    assert len(blocks) == 2
    assert blocks.blocked_for(SOURCE, now=0.0) == 0


def test_source_that_is_blocked_again_is_no_longer_the_oldest() -> None:
    """LIM-1: the oldest block gives way, not the one that was just made longer."""
    blocks = failures(max_sources=2)
    fail_until_blocked(blocks, 0.0, SOURCE)
    fail_until_blocked(blocks, 0.0, OTHER)
    fail_until_blocked(blocks, 100.0, SOURCE)
    fail_until_blocked(blocks, 100.0, b"third")

    assert blocks.blocked_for(SOURCE, now=100.0) == 120


def test_blocked_source_stays_blocked_when_the_figures_change() -> None:
    blocks = failures()
    fail_until_blocked(blocks, 0.0)

    blocks.change_rate(100, 5, 50)

    assert blocks.blocked_for(SOURCE, now=1.0) == 59
    assert fail_until_blocked(blocks, 1.0, OTHER) == 0


def test_changed_block_has_its_new_length() -> None:
    blocks = failures()

    blocks.change_rate(10, 5, 50)

    assert fail_until_blocked(blocks, 0.0) == 5
