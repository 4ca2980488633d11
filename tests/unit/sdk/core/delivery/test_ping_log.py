"""Which ping an acknowledgement answers, and what it has measured."""

import pytest

from packhorse.core.delivery.ping_log import PingLog
from packhorse.testing import Conditions, Pair
from packhorse.wire.constants import Mode
from packhorse.wire.frames import Ack

RTT = 0.05


class Log(PingLog):
    """A log that collects its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[int, float]] = []
        self.on_answer = lambda ping, rtt: self.answers.append((ping, rtt))


def test_ping_is_answered_by_the_acknowledgement_of_its_datagram() -> None:
    log = Log()
    log.want(1)
    log.sent(7, now=10.0)

    log.acknowledge(Ack(6, 0.0, 0), 8, now=10.02)
    log.acknowledge(Ack(7, 0.025, 0), 8, now=10.125)

    ((ping, rtt),) = log.answers
    assert ping == 1
    assert rtt == pytest.approx(0.1)
    assert not log.is_open


def test_bitmap_answers_too_but_the_delay_is_of_the_largest_alone() -> None:
    log = Log()
    for ping, number in ((1, 7), (2, 8), (3, 9)):
        log.want(ping)
        log.sent(number, now=10.0)

    log.acknowledge(Ack(9, 0.02, 0b10), 10, now=10.1)

    assert [ping for ping, _ in log.answers] == [1, 3]
    assert [rtt for _, rtt in log.answers] == pytest.approx([0.1, 0.08])


def test_pings_that_share_a_datagram_share_its_answer() -> None:
    log = Log()
    log.want(1)
    log.want(2)
    log.sent(0, now=1.0)
    log.sent(1, now=2.0)  # a probe of the delivery layer, for nobody

    log.acknowledge(Ack(1, 0.0, 1), 2, now=2.5)

    assert log.answers == [(1, 1.5), (2, 1.5)]


def test_numbers_wrap_and_times_are_never_negative() -> None:
    log = Log()
    log.want(1)
    log.sent(65536, now=1.0)

    log.acknowledge(Ack(0, 0.2, 0), 65537, now=1.1)

    assert log.answers == [(1, 0.0)]


def test_oldest_ping_gives_way_when_many_are_open() -> None:
    log = Log()
    for number in range(65):
        log.want(number)
        log.sent(number, now=0.0)

    log.acknowledge(Ack(0, 0.0, 0), 65, now=1.0)
    assert log.answers == []
    log.acknowledge(Ack(1, 0.0, 0), 65, now=1.0)

    assert log.answers == [(1, 1.0)]


def test_peer_at_the_other_end_of_a_link_is_measured() -> None:
    pair = Pair(Conditions(latency=RTT / 2))
    rtts: list[float] = []
    pair.left.delivery.pings.on_answer = lambda _, rtt: rtts.append(rtt)

    for ping in range(3):
        pair.left.delivery.ping(ping)
        pair.left.wake()
        pair.run_for(1.0)

    assert rtts == [pytest.approx(RTT, abs=0.001)] * 3


def test_ping_is_measured_beside_other_traffic_and_lost_when_its_datagram_is() -> None:
    pair = Pair(Conditions(latency=RTT / 2))
    rtts: list[float] = []
    pair.left.delivery.pings.on_answer = lambda _, rtt: rtts.append(rtt)
    pair.there.conditions = Conditions(loss=1.0)
    pair.left.delivery.ping(1)
    pair.left.push(b"lost with it", Mode.RELIABLE)
    pair.there.conditions = Conditions(latency=RTT / 2)
    pair.left.delivery.ping(2)
    pair.left.push(b"arrives", Mode.RELIABLE)

    pair.run_until(lambda: len(pair.right.messages) == 2, deadline=2.0)

    assert len(rtts) == 1


def test_ping_is_measured_right_when_other_traffic_follows_it() -> None:
    pair = Pair(Conditions(latency=0.005))
    rtts: list[float] = []
    pair.left.delivery.pings.on_answer = lambda _, rtt: rtts.append(rtt)

    for ping in range(5):
        pair.left.delivery.ping(ping)
        pair.left.wake()
        pair.run_for(0.006)
        pair.left.push(b"overtakes no acknowledgement", Mode.UNRELIABLE_ORDERED)
        pair.run_for(1.0)

    assert rtts == pytest.approx([0.01] * 5)
