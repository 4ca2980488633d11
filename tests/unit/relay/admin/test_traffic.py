"""Tests of what each room makes the relay send."""

import pytest

from packhorse_relay.admin.traffic import Traffic
from packhorse_relay.core.settings import Settings
from tests.support.relay_harness import RawMember, Rig


def send(member: RawMember, count: int) -> None:
    """Send so many datagrams of 100 bytes to all others."""
    for _ in range(count):
        member.send(member.data(0, bytes(94)))


def look(rig: Rig, traffic: Traffic) -> tuple[float, float]:
    """Return datagrams and bytes a second of the one room."""
    traffic.look(rig.core.rooms, now=rig.now)
    (room,) = rig.core.rooms
    rate = traffic.of(room)
    return rate.datagrams, rate.octets


@pytest.fixture
def rig() -> Rig:
    return Rig(Settings(client_datagram_rate=100, host_datagram_rate=100))


def test_every_copy_counts_for_the_room(rig: Rig) -> None:
    host, *_ = rig.room(3)
    traffic = Traffic(now=rig.now)
    send(host, 10)
    rig.advance(2)

    assert look(rig, traffic) == (10.0, 1000.0)
    assert traffic.octets == 2000


def test_rate_is_that_since_the_last_look(rig: Rig) -> None:
    host, _ = rig.room(2)
    traffic = Traffic(now=rig.now)
    for count in (5, 0, 20):
        send(host, count)
        rig.advance(1)
        assert look(rig, traffic) == pytest.approx((count, 100 * count))


def test_what_is_dropped_over_the_limit_does_not_count(rig: Rig) -> None:
    host, _ = rig.room(2)
    traffic = Traffic(now=rig.now)
    send(host, 500)
    rig.advance(1)

    assert look(rig, traffic) == (50.0, 5000.0)
    send(host, 500)
    rig.advance(1)
    assert look(rig, traffic) == pytest.approx((50, 5000))


def test_changed_limit_is_no_traffic(rig: Rig) -> None:
    rig.room(2)
    traffic = Traffic(now=rig.now)
    rig.core.change_settings(Settings(host_datagram_rate=1, client_byte_rate=1), now=rig.now)
    rig.advance(1)

    assert look(rig, traffic) == (0.0, 0.0)


def test_what_a_member_sent_before_it_left_counts(rig: Rig) -> None:
    _, client = rig.room(2)
    traffic = Traffic(now=rig.now)
    send(client, 10)
    client.send(client.leave())
    rig.advance(1)

    assert look(rig, traffic) == (10.0, 1000.0)


def test_unlimited_member_is_counted_exactly() -> None:
    rig = Rig(Settings(host_byte_rate=1e15, host_datagram_rate=1e15))
    host, _ = rig.room(2)
    traffic = Traffic(now=rig.now)
    send(host, 10_000)
    rig.advance(1)

    assert look(rig, traffic) == (10_000.0, 1_000_000.0)


def test_room_that_was_never_looked_at_has_no_rate(rig: Rig) -> None:
    rig.room(2)
    (room,) = rig.core.rooms

    assert Traffic(now=0.0).of(room) == (0.0, 0.0)


def test_rooms_that_ended_leave_nothing_behind(rig: Rig) -> None:
    traffic = Traffic(now=rig.now)
    host, _ = rig.room(2)
    look(rig, traffic)
    host.send(host.leave())

    assert len(traffic) == 0
