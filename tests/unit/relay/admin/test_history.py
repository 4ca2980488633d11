"""Tests of the last minutes' samples."""

from packhorse_relay.admin.history import MAX_SAMPLES, Counts, Gauges, History

QUIET = Gauges(rooms=1, members=2, connections=1, rtt=0.05, lag=0.001, rss=1000)


def test_sample_holds_rates_since_the_one_before() -> None:
    history = History(Counts(100, 10, 0.0, 1.0), now=5.0)

    history.add(Counts(150, 10, 3000.0, 1.5), QUIET, now=7.0)

    latest = history.latest()
    assert latest is not None
    assert (latest.forwarded, latest.dropped, latest.octets, latest.cpu) == (25.0, 0.0, 1500, 0.25)
    assert latest[4:] == QUIET


def test_there_is_no_sample_at_first() -> None:
    history = History(Counts(0, 0, 0.0, 0.0), now=0.0)

    assert history.latest() is None
    assert history.since(0) == []
    assert history.last == 0


def test_two_samples_at_one_moment_divide_by_no_zero() -> None:
    history = History(Counts(0, 0, 0.0, 0.0), now=1.0)

    history.add(Counts(1, 0, 0.0, 0.0), QUIET, now=1.0)

    assert history.last == 1


def filled(count: int) -> History:
    history = History(Counts(0, 0, 0.0, 0.0), now=0.0)
    for number in range(1, count + 1):
        history.add(Counts(0, 0, 0.0, 0.0), QUIET._replace(rooms=number), now=float(number))
    return history


def test_reader_gets_what_it_has_not_seen_yet() -> None:
    history = filled(10)

    assert [sample.rooms for sample in history.since(7)] == [8, 9, 10]
    assert history.since(10) == []
    assert history.since(99) == []


def test_old_samples_give_way() -> None:
    history = filled(MAX_SAMPLES + 5)

    assert [sample.rooms for sample in history.since(0)] == list(range(6, MAX_SAMPLES + 6))
    assert history.last == MAX_SAMPLES + 5
