"""Pings are numbered, matched and added up."""

import pytest

from packhorse.cli.demo_pings import PingClient, PingSeries, require_answers
from packhorse.cli.rtt_summary import RttSummary
from packhorse.wire.errors import ConnectivityError


def series_of(*rtts: float) -> PingSeries:
    """Return a series whose pings took so many seconds."""
    pings = PingSeries()
    for rtt in rtts:
        ping = pings.next_ping(now=1.0)
        pings.take_echo(ping, now=1.0 + rtt)
    return pings


def test_pings_are_numbered_and_of_one_size() -> None:
    pings = PingSeries()

    sent = [pings.next_ping(now=0.0) for _ in range(3)]

    assert [ping[:4].hex() for ping in sent] == ["00000000", "00000001", "00000002"]
    assert {len(ping) for ping in sent} == {64}


def test_summary_adds_up_the_round_trip_times() -> None:
    summary = series_of(0.25, 0.5, 0.25, 1.0).summary()

    assert summary == RttSummary(min=0.25, median=0.375, p99=1.0, max=1.0, jitter=1.25 / 3)


def test_one_in_a_hundred_is_beyond_p99() -> None:
    summary = series_of(*[0.5] * 99, 2.0).summary()

    assert summary is not None
    assert (summary.p99, summary.max) == (0.5, 2.0)


def test_single_ping_has_no_jitter() -> None:
    summary = series_of(0.5).summary()

    assert summary is not None
    assert summary.jitter == 0.0


def test_nothing_received_has_no_summary() -> None:
    pings = PingSeries()
    pings.next_ping(now=0.0)

    assert pings.summary() is None
    assert (pings.sent, pings.received, pings.loss) == (1, 0, 1.0)


def test_series_without_pings_lost_none() -> None:
    assert PingSeries().loss == 0.0


def test_copies_and_foreign_bytes_count_for_nothing() -> None:
    pings = series_of(0.5)

    pings.take_echo(bytes(64), now=9.0)  # the same ping again
    pings.take_echo(b"\x00\x00\x00\x07".ljust(64), now=9.0)  # never sent
    pings.take_echo(b"", now=9.0)

    assert (pings.received, pings.rtts) == (1, [0.5])


def test_lost_ping_is_a_fraction_of_loss() -> None:
    pings = series_of(0.5, 0.5, 0.5)
    pings.next_ping(now=9.0)

    assert pings.loss == 0.25


async def test_client_without_an_answer_is_named_with_advice() -> None:
    answered, silent = PingClient("UDP game", "middleman"), PingClient("SDK bot", "sdk")
    answered.pings.take_echo(answered.pings.next_ping(now=0.0), now=0.5)

    require_answers([answered])
    with pytest.raises(ConnectivityError, match="no ping of the SDK bot came back") as failed:
        require_answers([answered, silent])
    assert "firewall" in failed.value.advice
