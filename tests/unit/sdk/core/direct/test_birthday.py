"""Tests of the runs of birthday probing."""

from itertools import count
from random import Random

from packhorse.core.direct.birthday import Birthday
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import (
    BIRTHDAY_PAUSE,
    BIRTHDAY_PROBES,
    BIRTHDAY_RATE,
    BIRTHDAY_SOCKETS,
    BIRTHDAY_TIME,
    BirthdayPart,
)

SEEN = TransportAddress("203.0.113.9", 40000)


def new() -> Birthday:
    """Return one with repeatable ports."""
    return Birthday(Random(1).randbytes)  # noqa: S311 - repeatable by design


def run(birthday: Birthday, seconds: float, *, start: float = 0.0) -> list[TransportAddress]:
    """Take what is due until the run is over or the time is up."""
    taken: list[TransportAddress] = []
    for step in count():
        now = start + step / 100
        if now > start + seconds or birthday.peer is None:
            return taken
        taken += birthday.take(now=now)
    raise AssertionError


def test_opener_sends_once_from_each_socket_to_the_one_address() -> None:
    """DIR-11."""
    birthday = new()
    birthday.begin(2, BirthdayPart.OPENER, SEEN, now=0.0)
    targets = run(birthday, BIRTHDAY_TIME - 1)
    assert targets == [SEEN._replace(listener=n) for n in range(1, BIRTHDAY_SOCKETS + 1)]
    assert birthday.sockets == BIRTHDAY_SOCKETS


def test_prober_tries_a_bounded_number_of_random_ports_of_the_one_host() -> None:
    """DIR-11."""
    birthday = new()
    birthday.begin(2, BirthdayPart.PROBER, SEEN, now=0.0)
    targets = run(birthday, BIRTHDAY_TIME + 1)
    assert len(targets) == BIRTHDAY_PROBES
    assert {target.host for target in targets} == {SEEN.host}
    assert {target.listener for target in targets} == {0}
    ports = [target.port for target in targets]
    assert min(ports) >= 1024
    assert len(set(ports)) > 0.95 * len(ports)
    assert max(ports) > 60000


def test_checks_of_a_run_keep_to_its_rate() -> None:
    """DIR-11."""
    birthday = new()
    birthday.begin(2, BirthdayPart.PROBER, SEEN, now=0.0)
    assert len(run(birthday, 1.0)) <= BIRTHDAY_RATE + 10
    assert len(birthday.take(now=3.0)) <= 10  # what had to wait is not made up for


def test_run_ends_by_itself_and_the_next_waits() -> None:
    """DIR-11."""
    birthday = new()
    birthday.begin(2, BirthdayPart.OPENER, SEEN, now=5.0)
    assert birthday.ready_at == 5.0 + BIRTHDAY_PAUSE
    run(birthday, BIRTHDAY_TIME - 0.1, start=5.0)
    assert birthday.peer == 2
    assert birthday.next_timeout() == 5.0 + BIRTHDAY_TIME
    assert birthday.take(now=5.0 + BIRTHDAY_TIME) == []
    assert birthday.sockets == 0
    assert birthday.next_timeout() is None


def test_run_that_is_ended_sends_nothing_more() -> None:
    birthday = new()
    birthday.begin(2, BirthdayPart.OPENER, SEEN, now=0.0)
    assert birthday.take(now=0.0)
    birthday.end()
    assert birthday.take(now=1.0) == []
    assert birthday.next_timeout() is None
    assert birthday.ready_at == BIRTHDAY_PAUSE
