"""Tests of data over the limit: dropped, told, and in the end the session is closed."""

from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.messages import Closed, Limited
from packhorse_relay.core.settings import Settings
from tests.support.deliveries import deliveries
from tests.support.relay_harness import Members, RawMember, Rig, Sent

SLOW = Settings(
    client_byte_rate=1000, client_datagram_rate=10, host_byte_rate=8000, host_datagram_rate=80
)


def flood(rig: Rig, member: RawMember, rate: int, seconds: int, others: Members) -> list[Sent]:
    """Send 10 bytes at a steady rate; everybody goes on with PING."""
    sent: list[Sent] = []
    for number in range(rate * seconds):
        sent += member.send(member.data(1 if member.peer > 1 else 2, bytes(10))).sent
        sent += rig.advance(1 / rate)
        if number % (5 * rate) == 0:
            for each in (member, *others):
                each.send(each.ping())
    return sent


def test_data_over_the_limit_is_dropped_and_counted() -> None:
    """LIM-2."""
    rig = Rig(SLOW)
    host, client = rig.room(2)
    sent = flood(rig, client, 50, 20, [host])

    forwarded = len(deliveries(sent))
    assert abs(forwarded - 10 * 20) <= 10
    assert rig.core.drops == {DropReason.DATA_LIMITED: 50 * 20 - forwarded}


def test_host_may_send_eight_times_what_a_client_may() -> None:
    rig = Rig(SLOW)
    host, client = rig.room(2)

    assert len(deliveries(flood(rig, host, 70, 10, [client]))) == 700


def test_member_is_told_what_it_may_send_and_what_was_dropped() -> None:
    """LIM-3: five times the limit ends nothing."""
    rig = Rig(SLOW)
    host, client = rig.room(2)
    sent = flood(rig, client, 50, 60, [host])

    told = [message for message in client.heard(sent) if isinstance(message, Limited)]
    limits = {(message.bytes_per_second, message.datagrams_per_second) for message in told}
    assert limits == {(1000, 10)}
    assert len(told) == 6
    assert sum(message.dropped for message in told) > 1900
    assert host.heard(sent) == []


def test_ten_times_the_limit_for_30_s_ends_the_session() -> None:
    rig = Rig(SLOW)
    host, client = rig.room(2)
    sent = flood(rig, client, 120, 35, [host])

    closed = [message.code for message in client.heard(sent) if isinstance(message, Closed)]
    assert closed[0] == ErrorCode.RATE_LIMITED
    assert rig.core.session_count == 1


def test_fanout_is_charged_for_every_copy() -> None:
    """LIM-2: eleven copies of each; the budget of a second is 10."""
    rig = Rig(SLOW)
    host, client, *others = rig.room(12)
    sent: list[Sent] = []
    for _ in range(100):
        sent += client.send(client.data(0)).sent
        sent += rig.advance(0.1)

    assert len(deliveries(sent)) <= 10 * 10 + 2 * 11
    assert host.peer == 1
    assert len(others) == 10
