"""Tests of the limits on connections (WS-6)."""

import pytest

from packhorse_relay.core.connections import ConnectionEnd, ConnectionLimits
from packhorse_relay.core.settings import Settings

SOURCE, OTHER = b"\x7f\0\0\1", b"\x7f\0\0\2"


def new_limits(*, per_source: int = 2, most: int = 3, rate: float = 100.0) -> ConnectionLimits:
    settings = Settings(websocket_connections_per_source=per_source, websocket_accept_rate=rate)
    return ConnectionLimits(settings, most, now=0.0)


def test_source_has_its_share_and_no_more() -> None:
    limits = new_limits()

    assert [limits.accept(SOURCE, now=0.0) for _ in range(3)] == [
        None,
        None,
        ConnectionEnd.TOO_MANY_OF_SOURCE,
    ]
    assert limits.accept(OTHER, now=0.0) is None


def test_source_over_its_share_does_not_use_up_the_rate_of_all() -> None:
    limits = new_limits(per_source=1, most=100, rate=1.0)

    for _ in range(10):
        limits.accept(SOURCE, now=0.0)

    assert limits.accept(OTHER, now=0.0) is None


def test_client_behind_a_proxy_counts_for_itself() -> None:
    limits = new_limits(per_source=1)
    for _ in range(2):
        assert limits.accept(None, now=0.0) is None

    assert limits.assign(SOURCE) is None
    assert limits.assign(SOURCE) is ConnectionEnd.TOO_MANY_OF_SOURCE
    assert limits.accept(SOURCE, now=0.0) is ConnectionEnd.TOO_MANY_OF_SOURCE


def test_relay_has_a_largest_number_of_connections() -> None:
    limits = new_limits()

    assert [limits.accept(None, now=0.0) for _ in range(4)] == [
        None,
        None,
        None,
        ConnectionEnd.TOO_MANY,
    ]


def test_rate_of_all_is_bounded_and_recovers() -> None:
    limits = new_limits(most=100, rate=1.0)

    assert [limits.accept(None, now=0.0) for _ in range(3)] == [None, None, ConnectionEnd.TOO_FAST]
    assert limits.accept(None, now=1.0) is None


def test_connection_that_ended_makes_place() -> None:
    limits = new_limits(per_source=1, most=1)
    limits.accept(SOURCE, now=0.0)

    limits.release(SOURCE)

    assert len(limits) == 0
    assert limits.accept(SOURCE, now=0.0) is None


def test_connection_that_was_never_assigned_is_released_too() -> None:
    limits = new_limits(most=1)
    limits.accept(None, now=0.0)

    limits.release(None)

    assert limits.accept(None, now=0.0) is None


def test_sources_that_are_gone_leave_nothing_behind() -> None:
    limits = new_limits(most=1000, rate=1000.0)
    for number in range(500):
        source = number.to_bytes(4, "big")
        limits.accept(source, now=0.0)
        limits.release(source)

    assert limits._by_source == {}


def test_changed_limits_bind_those_who_come_next() -> None:
    limits = new_limits(per_source=2, most=3)
    for _ in range(2):
        assert limits.accept(SOURCE, now=0.0) is None
    lowered = Settings(websocket_connections_per_source=1, websocket_accept_rate=0.5)

    limits.change_settings(lowered, 4, now=0.0)

    assert len(limits) == 2
    assert limits.accept(SOURCE, now=0.0) is ConnectionEnd.TOO_MANY_OF_SOURCE
    assert limits.accept(OTHER, now=0.0) is None
    assert limits.accept(b"\x7f\0\0\3", now=0.0) is ConnectionEnd.TOO_FAST
    assert limits.accept(b"\x7f\0\0\3", now=2.0) is None
    assert limits.accept(b"\x7f\0\0\4", now=9.0) is ConnectionEnd.TOO_MANY


@pytest.mark.parametrize(("bits", "most"), [(64, 2), (56, 8), (48, 32)])
def test_attack_22_ipv6_customer_with_many_64_gets_no_more_than_a_few_sources(
    bits: int, most: int
) -> None:
    """WS-6: 64 of them took all places of the relay."""
    limits = new_limits(per_source=2, most=1000, rate=1000.0)
    step = {64: 0, 56: 1, 48: 256}[bits]
    sources = [
        (0x20010DB800070000 + number * step % 0x10000).to_bytes(8, "big") for number in range(100)
    ]
    taken = [source for source in sources if limits.accept(source, now=0.0) is None]

    assert len(taken) == most
    for source in taken:
        limits.release(source)
    assert len(limits) == 0
    assert not limits._by_source
