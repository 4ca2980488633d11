"""Tests of when to ping, what PONG tells, and what silence means."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from packhorse.core.pings import Liveness, Pings
from tests.support.scripted_relay import GRANT, middle

SHORTEST, LONGEST = bytes(2), b"\xff\xff"


def pings(
    random_bytes: Callable[[int], bytes] = middle, *, interval_ms: int = 5000, now: float = 0.0
) -> Pings:
    grant = replace(GRANT, ping_interval_ms=interval_ms)
    return Pings(grant, random_bytes, now=now)


def send_times(subject: Pings, count: int) -> list[float]:
    """Return when the next PINGs go out; the relay answers each at once."""
    times: list[float] = []
    while len(times) < count:
        now = subject.next_timeout()
        assert subject.is_due(now=now)
        subject.count_send(len(times) + 1, now=now)
        subject.hear(now=now)
        times.append(now)
    return times


def test_first_ping_is_due_at_once() -> None:
    assert pings(now=7.0).is_due(now=7.0)


def test_five_pings_are_a_second_apart_and_further_ones_five() -> None:
    times = send_times(pings(), 8)

    assert times == pytest.approx([0, 1, 2, 3, 4, 9, 14, 19], abs=0.001)


@pytest.mark.parametrize(("random", "factor"), [(SHORTEST, 0.9), (LONGEST, 1.1)])
def test_intervals_vary_by_ten_percent_at_most(random: bytes, factor: float) -> None:
    times = send_times(pings(lambda _: random), 7)

    assert times == pytest.approx([factor * time for time in (0, 1, 2, 3, 4, 9, 14)])


def test_early_pings_are_not_rarer_than_what_the_relay_asks_for() -> None:
    times = send_times(pings(interval_ms=200), 7)

    assert times == pytest.approx([0.2 * number for number in range(7)], abs=0.001)


def test_ping_is_not_due_before_its_time() -> None:
    subject = pings(lambda _: SHORTEST)
    subject.count_send(1, now=0.0)

    assert not subject.is_due(now=0.8999)
    assert subject.is_due(now=0.9)


def test_pong_measures_from_its_own_ping() -> None:
    subject = pings()
    subject.count_send(1, now=0.0)
    subject.count_send(2, now=1.0)

    subject.receive_pong(1, now=1.2)

    assert subject.rtt.latest == pytest.approx(1.2)
    subject.receive_pong(2, now=1.3)
    assert subject.rtt.latest == pytest.approx(0.3)


def test_second_pong_for_one_ping_measures_nothing() -> None:
    subject = pings()
    subject.count_send(1, now=0.0)
    subject.receive_pong(1, now=0.1)

    subject.receive_pong(1, now=0.9)

    assert subject.rtt.latest == pytest.approx(0.1)


def test_pong_for_an_unknown_ping_measures_nothing() -> None:
    subject = pings()

    subject.receive_pong(77, now=0.1)

    assert subject.rtt.latest is None


def test_ping_before_a_proof_of_the_address_measures_nothing() -> None:
    subject = pings()
    subject.count_send(1, now=0.0)

    subject.forget_open()
    subject.receive_pong(1, now=0.1)

    assert subject.rtt.latest is None


def test_only_the_newest_32_pings_are_remembered() -> None:
    subject = pings()
    for seq in range(1, 34):
        subject.count_send(seq, now=float(seq))

    subject.receive_pong(1, now=40.0)
    assert subject.rtt.latest is None

    subject.receive_pong(2, now=40.0)
    assert subject.rtt.latest == 38.0


def test_advice_brings_the_next_ping_forward() -> None:
    """PATH-3: a hint leads to a PING."""
    subject = pings()
    send_times(subject, 6)

    subject.advise(now=11.0)

    assert subject.is_due(now=11.0)


def test_advice_leads_to_at_most_one_ping_a_second() -> None:
    subject = pings()
    send_times(subject, 6)
    subject.advise(now=11.0)
    subject.count_send(7, now=11.0)

    subject.advise(now=11.3)

    assert not subject.is_due(now=11.9)
    assert subject.is_due(now=12.0)


def test_advice_right_after_a_regular_ping_is_followed_at_once() -> None:
    """An address may change at any time; a second of silence would be long."""
    subject = pings()
    send_times(subject, 6)
    subject.count_send(7, now=11.0)

    subject.advise(now=11.1)

    assert subject.is_due(now=11.1)


def test_answer_of_the_relay_voids_advice_that_waits_and_shortens_the_pause() -> None:
    subject = pings()
    send_times(subject, 6)
    subject.advise(now=11.0)
    subject.count_send(7, now=11.0)
    subject.advise(now=11.05)

    subject.receive_pong(7, now=11.1)
    assert not subject.is_due(now=12.1)
    subject.advise(now=11.15)

    assert not subject.is_due(now=11.24)
    assert subject.is_due(now=11.25)


def test_advice_never_puts_a_ping_off() -> None:
    subject = pings(lambda _: SHORTEST)
    subject.count_send(1, now=0.0)

    subject.advise(now=0.1)

    assert subject.is_due(now=0.9)


def test_silence_means_lost_after_the_granted_time() -> None:
    subject = pings()

    assert not subject.check(now=14.999)
    assert subject.check(now=15.0)
    assert subject.liveness is Liveness.LOST


def test_check_of_an_unchanged_silence_tells_nothing_new() -> None:
    subject = pings()
    subject.check(now=15.0)

    assert not subject.check(now=20.0)


def test_long_silence_means_that_the_session_has_expired() -> None:
    subject = pings()
    subject.check(now=15.0)

    assert not subject.check(now=59.999)
    assert subject.check(now=60.0)
    assert subject.liveness is Liveness.EXPIRED


def test_check_after_a_long_sleep_finds_the_session_expired_at_once() -> None:
    subject = pings()

    assert subject.check(now=600.0)
    assert subject.liveness is Liveness.EXPIRED


def test_hearing_resumes_a_lost_session_and_tells_so_once() -> None:
    subject = pings()
    subject.check(now=15.0)

    assert subject.hear(now=16.0)
    assert not subject.hear(now=17.0)
    assert subject.liveness is Liveness.ALIVE
    assert not subject.check(now=31.999)
    assert subject.check(now=32.0)


def test_next_timeout_is_the_next_ping_or_the_end_of_the_silence() -> None:
    subject = pings(interval_ms=60_000)
    for seq in range(1, 6):
        subject.count_send(seq, now=0.0)
    subject.hear(now=4.0)

    assert subject.next_timeout() == 19.0
    subject.check(now=19.0)
    assert subject.next_timeout() == pytest.approx(60.0, abs=0.001)
    subject.count_send(6, now=60.0)
    assert subject.next_timeout() == 64.0
