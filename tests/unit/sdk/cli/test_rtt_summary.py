"""Round-trip times added up by hand."""

from packhorse.cli.rtt_summary import RttSummary, ms, summarize


def test_summary_adds_up_in_the_order_of_the_pings() -> None:
    summary = summarize([0.25, 0.5, 0.25, 1.0])

    assert summary == RttSummary(min=0.25, median=0.375, p99=1.0, max=1.0, jitter=1.25 / 3)
    assert summary.rtt_ms() == {"min": 250.0, "median": 375.0, "p99": 1000.0, "max": 1000.0}


def test_one_in_a_hundred_is_beyond_p99() -> None:
    summary = summarize([0.5] * 99 + [2.0])

    assert summary is not None
    assert (summary.p99, summary.max) == (0.5, 2.0)


def test_one_time_has_no_jitter_and_none_has_no_summary() -> None:
    assert summarize([0.5]) == RttSummary(0.5, 0.5, 0.5, 0.5, 0.0)
    assert summarize([]) is None


def test_milliseconds_have_three_decimals() -> None:
    assert ms(0.0123456789) == 12.346
