"""Tests of token buckets: rate, burst, waiting, and how many sources are remembered."""

import math

import pytest

from packhorse.wire.constants import MAX_SOURCES
from packhorse_relay.core.buckets import SourceBuckets, TokenBucket, scopes_of


def taken(bucket: TokenBucket, tries: int, *, now: float) -> int:
    return sum(bucket.take(now=now) for _ in range(tries))


def test_bucket_gives_its_burst_at_once_and_no_more() -> None:
    bucket = TokenBucket(5, 10, now=0.0)

    assert taken(bucket, 11, now=0.0) == 10


def test_bucket_refills_at_its_rate() -> None:
    bucket = TokenBucket(5, 10, now=0.0)
    taken(bucket, 10, now=0.0)

    assert taken(bucket, 10, now=1.0) == 5


def test_bucket_never_holds_more_than_its_burst() -> None:
    bucket = TokenBucket(5, 10, now=0.0)

    assert taken(bucket, 100, now=3600.0) == 10


def test_bucket_tells_how_long_the_next_token_takes() -> None:
    bucket = TokenBucket(0.5, 1, now=0.0)
    bucket.take(now=0.0)

    assert [bucket.wait(now=now) for now in (0.0, 1.0, 2.0, 9.0)] == [2.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("rate", [0.01, 0.5, 0.99])
def test_bucket_whose_period_gives_less_than_one_token_gives_one_in_time(rate: float) -> None:
    bucket = TokenBucket(rate, rate, now=0.0)

    assert [bucket.take(now=now) for now in (0.0, 0.9 / rate, 1.001 / rate)] == [True, False, True]


def test_bucket_without_a_rate_never_has_a_token() -> None:
    bucket = TokenBucket(0, 0, now=0.0)

    assert not bucket.take(now=1e9)
    assert bucket.wait(now=1e9) == math.inf


def test_bucket_whose_clock_goes_back_neither_gains_nor_loses_tokens() -> None:
    bucket = TokenBucket(5, 10, now=86_400.0)
    taken(bucket, 7, now=86_400.0)

    assert taken(bucket, 10, now=0.0) == 3
    assert taken(bucket, 10, now=86_401.0) == 5


@pytest.mark.parametrize(("now", "is_full"), [(0.0, False), (0.19, False), (0.2, True)])
def test_bucket_is_full_when_all_tokens_are_back(now: float, is_full: bool) -> None:  # noqa: FBT001
    bucket = TokenBucket(5, 10, now=0.0)
    bucket.take(now=0.0)

    assert bucket.is_full(now=now) is is_full


def test_sources_have_a_bucket_each() -> None:
    buckets = SourceBuckets(1, 1)

    assert [buckets.take(source, now=0.0) for source in (b"a", b"b", b"a")] == [True, True, False]
    assert [buckets.wait(source, now=0.0) for source in (b"a", b"b", b"c")] == [1.0, 1.0, 0.0]


def test_source_unused_longest_gives_way_when_there_are_too_many() -> None:
    """LIM-1: the table has a largest size."""
    buckets = SourceBuckets(0.001, 1, max_sources=2)
    for source in (b"a", b"b", b"a", b"c"):
        buckets.take(source, now=0.0)

    assert len(buckets) == 2
    assert not buckets.take(b"a", now=0.0)
    assert buckets.take(b"b", now=0.0)


def test_sources_are_limited_to_the_number_of_the_specification() -> None:
    """LIM-1: at the boundary, none is forgotten; one more forgets one."""
    buckets = SourceBuckets(0.001, 1)
    for number in range(MAX_SOURCES):
        buckets.take(number.to_bytes(4, "big"), now=0.0)
    is_first_remembered = not buckets.take(bytes(4), now=0.0)
    buckets.take(b"one more", now=0.0)

    assert is_first_remembered
    assert len(buckets) == MAX_SOURCES


def test_source_whose_bucket_is_full_again_is_forgotten_when_others_come() -> None:
    buckets = SourceBuckets(5, 10)
    buckets.take(b"a", now=0.0)
    buckets.take(b"b", now=0.1)
    buckets.take(b"c", now=0.2)

    assert len(buckets) == 2


def test_flood_from_ever_new_sources_leaves_only_its_last_moments() -> None:
    """LIM-1: 10,000 sources a second, each of which is interesting for 0.2 s."""
    buckets = SourceBuckets(5, 10)
    for number in range(20_000):
        buckets.take(number.to_bytes(4, "big"), now=number / 10_000)

    assert len(buckets) <= 2001


V6 = bytes.fromhex("20010db8 aaaa bb cc")  # a /64 in the /56 ...bb in the /48 ...aaaa


def v6(subnet: int, site: int = 0xAAAA) -> bytes:
    """Return the source of one /64 of a /48."""
    return V6[:4] + site.to_bytes(2, "big") + subnet.to_bytes(2, "big")


def test_ipv4_address_is_in_no_wider_range() -> None:
    assert scopes_of(bytes(4)) == ((bytes(4), 1),)


def test_ipv6_source_is_in_a_56_and_a_48() -> None:
    assert scopes_of(V6) == ((V6[:6], 16), (V6[:7], 4), (V6, 1))


def test_ipv6_56_has_four_times_and_48_sixteen_times_the_share_of_a_source() -> None:
    buckets = SourceBuckets(1, 10)
    one = sum(buckets.take(v6(0x0001), now=0.0) for _ in range(100))
    rest_of_56 = sum(buckets.take(v6(n % 256), now=0.0) for n in range(2, 1000))
    rest_of_48 = sum(buckets.take(v6(n), now=0.0) for n in range(0x100, 0x4000))

    assert [one, rest_of_56, rest_of_48] == [10, 30, 120]
    assert buckets.take(v6(1, site=0xAAAB), now=0.0)


def test_source_that_is_refused_costs_its_neighbours_nothing() -> None:
    buckets = SourceBuckets(1, 10)
    for _ in range(1000):
        buckets.take(v6(1), now=0.0)

    assert sum(buckets.take(v6(2), now=0.0) for _ in range(100)) == 10


def test_source_waits_for_the_range_that_is_used_up() -> None:
    buckets = SourceBuckets(1, 1)
    for subnet in range(5):
        buckets.take(v6(subnet), now=0.0)

    assert buckets.wait(v6(9), now=0.0) == 0.25


def test_range_that_is_used_up_fills_no_table_with_sources() -> None:
    """LIM-1: 65,536 /64 of one /48."""
    buckets = SourceBuckets(1, 10)
    for subnet in range(65_536):
        buckets.take(v6(subnet), now=0.0)

    assert len(buckets) <= 160


def test_bucket_goes_by_its_new_rate_at_once() -> None:
    bucket = TokenBucket(1.0, 1.0, now=0.0)
    assert bucket.take(now=0.0)

    bucket.change_rate(10.0, 20.0, now=0.0)

    assert bucket.wait(now=0.0) == pytest.approx(0.1)
    assert sum(bucket.take(now=100.0) for _ in range(30)) == 20


def test_bucket_that_is_made_smaller_holds_no_more_than_it_may() -> None:
    bucket = TokenBucket(100.0, 100.0, now=0.0)

    bucket.change_rate(1.0, 2.0, now=0.0)

    assert sum(bucket.take(now=0.0) for _ in range(100)) == 2


def test_sources_start_afresh_when_the_rate_is_another_one() -> None:
    sources = SourceBuckets(1.0, 1.0)
    assert sources.take(bytes(4), now=0.0)

    sources.change_rate(1.0, 1.0)
    assert not sources.take(bytes(4), now=0.0)

    sources.change_rate(2.0, 2.0)
    assert [sources.take(bytes(4), now=0.0) for _ in range(3)] == [True, True, False]
