"""Tests of how the silence of a path is judged."""

from dataclasses import replace

from packhorse.core.path_watch import ASK_AFTER, DEAD_AFTER, PathWatch, Verdict
from packhorse.core.pings import Pings
from tests.support.scripted_relay import GRANT, middle

LONG = replace(GRANT, ping_interval_ms=60_000)


class Watched:
    """PINGs as a session sends them: when they are due, or when the watch asks for one."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pings = Pings(LONG, middle, now=0.0)
        self.watch = PathWatch()
        self.verdicts: list[tuple[float, Verdict]] = []
        self.sent = 0

    def run(self, until: float, *, is_answered: bool = False) -> None:
        """Let time pass in steps of a quarter of a second."""
        while self.now < until:
            self.now += 0.25
            verdict = self.watch.judge(self.pings, now=self.now)
            if verdict is not Verdict.NOTHING:
                self.verdicts.append((self.now, verdict))
                self.pings.advise(now=self.now)
            if self.pings.is_due(now=self.now):
                self.sent += 1
                self.pings.count_send(self.sent, now=self.now)
                if is_answered:
                    self.pings.hear(now=self.now)


def test_path_that_answers_is_left_alone() -> None:
    watched = Watched()

    watched.run(30.0, is_answered=True)

    assert watched.verdicts == []
    assert watched.watch.next_timeout(watched.pings) is None


def test_silent_path_is_asked_every_second_and_replaced_after_five() -> None:
    watched = Watched()
    watched.run(10.0, is_answered=True)
    watched.pings.count_send(99, now=10.0)

    watched.run(16.0)

    asked = [(11.0 + n, Verdict.ASK) for n in range(4)]
    assert watched.verdicts == [*asked, (15.0, Verdict.REPLACE), (16.0, Verdict.REPLACE)]
    assert (ASK_AFTER, DEAD_AFTER) == (1.0, 5.0)


def test_one_answer_ends_the_silence() -> None:
    watched = Watched()
    watched.pings.count_send(99, now=0.0)
    watched.run(4.5)
    watched.pings.hear(now=watched.now)

    watched.run(6.0, is_answered=True)

    assert Verdict.REPLACE not in [verdict for _, verdict in watched.verdicts]


def test_few_pings_do_not_condemn_a_path_however_long_they_wait() -> None:
    """A program that was stopped for a minute has asked once, and not listened."""
    watched = Watched()
    watched.pings.count_send(99, now=0.0)

    assert watched.watch.judge(watched.pings, now=60.0) is Verdict.ASK
    assert watched.watch.judge(watched.pings, now=60.5) is Verdict.NOTHING
