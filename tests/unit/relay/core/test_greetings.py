"""Which HELLOs are answered when a source says too many, or somebody in its name."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import HELLO_RATE, MIN_HELLO_SIZE, DropReason
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.greetings import Greetings
from packhorse_relay.core.outbox import Outbox
from packhorse_relay.core.request import Request
from packhorse_relay.core.settings import Settings

STREAM = 1
HELLO = bytes(MIN_HELLO_SIZE)


class Screen:
    """Greetings whose luck the test decides."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.luck = 0
        limits = settings or Settings()
        self.greetings = Greetings(
            limits, Outbox(limits, now=0.0), lambda size: bytes([self.luck]) * size, STREAM
        )

    def refusal(
        self, data: bytes = HELLO, *, host: str = "192.0.2.1", listener: int = 0, now: float = 0.0
    ) -> DropReason | None:
        try:
            self.greetings.screen(Request(data, TransportAddress(host, 4000, listener), 1, now))
        except DatagramDropped as dropped:
            return DropReason(dropped.reason)
        return None


def test_hello_without_padding_is_refused_and_costs_nothing() -> None:
    screen = Screen()

    assert {screen.refusal(HELLO[1:]) for _ in range(99)} == {DropReason.NOT_ENOUGH_PADDING}
    assert screen.refusal() is None


@pytest.mark.parametrize("listener", [0, STREAM])
def test_source_may_say_hello_ten_times_at_once_and_five_times_a_second(listener: int) -> None:
    screen = Screen()

    at_once = [screen.refusal(listener=listener) for _ in range(20)]
    later = [screen.refusal(listener=listener, now=1.0) for _ in range(10)]

    assert at_once == [None] * 10 + [DropReason.RATE_LIMITED] * 10
    assert later.count(None) == HELLO_RATE


def test_above_half_of_the_bucket_no_luck_is_needed() -> None:
    screen = Screen()
    screen.luck = 255

    assert [screen.refusal() for _ in range(8)] == [None] * 6 + [DropReason.RATE_LIMITED] * 2


def test_below_half_of_the_bucket_a_part_is_picked() -> None:
    """Two tokens of ten are left: 0.4 of all."""
    screen = Screen()
    for _ in range(8):
        screen.refusal()
    screen.luck = 103
    assert screen.refusal() is DropReason.RATE_LIMITED

    screen.luck = 102

    assert screen.refusal() is None


def test_ws_8_hellos_by_datagram_use_up_nothing_of_those_by_stream() -> None:
    screen = Screen(Settings(reply_rate_total=30))
    for source in range(9):
        for _ in range(20):
            screen.refusal(host=f"192.0.2.{source}")

    assert screen.refusal(host="192.0.2.99") is DropReason.REPLY_BUDGET
    assert screen.refusal(host="192.0.2.1", listener=STREAM) is None


def test_rate_of_nothing_answers_nobody() -> None:
    assert Screen(Settings(hello_rate=0)).refusal() is DropReason.RATE_LIMITED
