"""Tests of the limit on log lines."""

from packhorse_relay.log_limit import LINE_INTERVAL, HeldBack, LogLimiter


def test_one_line_per_kind_and_source_passes_in_an_interval() -> None:
    limiter = LogLimiter()

    passed = [limiter.admits("join", "a", now=now) for now in (0.0, 0.1, LINE_INTERVAL - 0.1)]

    assert passed == [True, False, False]
    assert limiter.admits("join", "b", now=0.2)
    assert limiter.admits("leave", "a", now=0.3)


def test_after_the_interval_the_next_line_passes() -> None:
    limiter = LogLimiter()

    assert limiter.admits("join", "a", now=0.0)
    assert limiter.admits("join", "a", now=LINE_INTERVAL)
    assert not limiter.admits("join", "a", now=LINE_INTERVAL + 1)


def test_what_was_held_back_is_told_once_when_its_time_is_over() -> None:
    limiter = LogLimiter()
    for step in range(5):
        limiter.admits("join", "a", now=step / 10)

    assert limiter.take_held_back(now=LINE_INTERVAL - 0.1) == []
    assert limiter.take_held_back(now=LINE_INTERVAL) == [HeldBack("join", "a", 4)]
    assert limiter.take_held_back(now=LINE_INTERVAL * 9) == []
    assert len(limiter) == 0


def test_flood_of_sources_fills_no_table() -> None:
    """Attack 25: ten thousand sources, each with one line."""
    limiter = LogLimiter(max_pairs=10)

    passed = sum(limiter.admits("join", str(source), now=0.0) for source in range(10_000))

    assert passed == 11  # ten sources and one line for all others
    assert len(limiter) == 11
    held_back = limiter.take_held_back(now=LINE_INTERVAL)
    assert held_back == [HeldBack("join", "", 10_000 - 11)]


def test_flood_of_kinds_fills_no_table() -> None:
    """Attack 25: lines that are all different, from a library's logger."""
    limiter = LogLimiter(max_pairs=10)

    passed = sum(limiter.admits(str(kind), "", now=0.0) for kind in range(10_000))

    assert passed == len(limiter) == 10 + 64 + 1
    assert HeldBack("other", "", 10_000 - passed) in limiter.take_held_back(now=LINE_INTERVAL)


def test_source_that_was_there_before_the_flood_keeps_its_place() -> None:
    limiter = LogLimiter(max_pairs=2)
    limiter.admits("join", "old", now=0.0)
    for source in range(100):
        limiter.admits("join", str(source), now=1.0)

    assert not limiter.admits("join", "old", now=2.0)
    assert HeldBack("join", "old", 1) in limiter.take_held_back(now=LINE_INTERVAL)
