"""How long reliable messages of a game take on a bad line, in virtual time."""

from typing import Final

import pytest

from packhorse.core.delivery.delivered import Delivered
from packhorse.testing import Conditions, Pair
from packhorse.wire.constants import Mode

RTT: Final = 0.05
HERTZ: Final = 30
SIZE: Final = 200  # bytes
LINE: Final = Conditions(loss=0.05, latency=RTT / 2)
BOUND: Final = 3 * RTT  # of the 99th percentile


class Delays:
    """Sends numbered messages at an even rate and measures how long each takes."""

    def __init__(
        self, mode: Mode, conditions: Conditions, seed: str, *, hertz: int = HERTZ, size: int = SIZE
    ) -> None:
        self.pair = Pair(conditions, seed=seed)
        self.delays: list[float] = []
        self.order: list[int] = []
        self._mode = mode
        self._hertz = hertz
        self._size = size
        self._sent_at: dict[int, float] = {}
        self.pair.right.on_message = lambda message: self.take(int.from_bytes(message.data[:4]))

    def run(self, messages: int) -> list[float]:
        """Send that many messages; return their delays in ascending order."""
        start = self.pair.clock.now
        for number in range(messages):
            self._schedule(number, start + number / self._hertz)
        deadline = messages / self._hertz + 10
        self.pair.run_until(lambda: len(self.delays) == messages, deadline=deadline)
        return sorted(self.delays)

    def _schedule(self, number: int, when: float) -> None:
        def send() -> None:
            self._sent_at[number] = self.pair.clock.now
            self.pair.left.push(number.to_bytes(4) + bytes(self._size - 4), self._mode)

        self.pair.clock.call_at(when, send)

    def take(self, number: int) -> None:
        """Note that a message has come."""
        self.delays.append(self.pair.clock.now - self._sent_at[number])
        self.order.append(number)


def at(delays: list[float], fraction: float) -> float:
    return delays[min(len(delays) - 1, int(len(delays) * fraction))]


def show(title: str, delays: list[float]) -> None:
    p50, p99, p999 = (at(delays, fraction) * 1000 for fraction in (0.5, 0.99, 0.999))
    print(
        f"\n{title}: {len(delays)} messages, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"p99.9 {p999:.1f} ms, max {delays[-1] * 1000:.1f} ms"
    )


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED], ids=lambda m: m.name)
def test_reliable_messages_of_a_game_are_on_time(mode: Mode) -> None:
    game = Delays(mode, LINE, "sample")

    delays = game.run(3000)

    show(mode.name, delays)
    assert at(delays, 0.99) < BOUND
    assert delays[-1] < 20 * RTT
    assert len(set(game.order)) == len(game.order)
    assert mode is Mode.RELIABLE_UNORDERED or game.order == sorted(game.order)


def test_messages_wait_for_nothing_on_a_perfect_line() -> None:
    delays = Delays(Mode.RELIABLE, Conditions(latency=RTT / 2), "perfect").run(3000)

    assert delays[-1] == pytest.approx(RTT / 2)


@pytest.mark.parametrize("hertz", [180, 1200])
@pytest.mark.parametrize(
    "line",
    [
        Conditions(latency=RTT / 2, jitter=RTT / 10),
        Conditions(latency=RTT / 2, jitter=RTT / 10, loss=0.01),
        Conditions(latency=RTT / 2, jitter=RTT / 10, loss=0.01, rate=1_600_000),
    ],
    ids=["jitter", "jitter and loss", "jitter, loss and 13 Mbit/s"],
)
def test_nothing_holds_up_a_game_that_sends_much_for_long(line: Conditions, hertz: int) -> None:
    """To measure the least RTT now and then once held all up, and spoiled the rate, for seconds."""
    game = Delays(Mode.RELIABLE, line, "long", hertz=hertz, size=1000)

    delays = game.run(25 * hertz)

    show(f"{hertz} messages of 1000 bytes a second", delays)
    assert at(delays, 0.99) < BOUND
    assert delays[-1] < 5 * RTT


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (Conditions(latency=RTT / 2, jitter=RTT / 10, loss=0.01), 0.5),
        (Conditions(latency=RTT, jitter=RTT / 5, loss=0.05), 2.0),
        (Conditions(latency=2 * RTT, jitter=RTT / 5, loss=0.02, rate=625_000), 4.0),
    ],
    ids=["1 % loss", "5 % loss", "2 % loss, 200 ms and 5 Mbit/s"],
)
def test_map_is_there_soon_though_the_game_lost_datagrams_before(
    line: Conditions, seconds: float
) -> None:
    """One lost of the few of a round once counted as more than a tenth, and ended the beginning."""
    game, took = Delays(Mode.RELIABLE, line, "map"), []
    sent_at = game.pair.clock.now + 10.0

    def send_map() -> None:
        game.pair.left.push(b"\xff" * (1 << 20), channel=1)

    def take(message: Delivered) -> None:
        if message.channel:
            took.append(game.pair.clock.now - sent_at)
        else:
            game.take(int.from_bytes(message.data[:4]))

    game.pair.right.on_message = take
    game.pair.clock.call_at(sent_at, send_map)
    delays = game.run(20 * HERTZ)

    show(f"1 MiB in {took[0]:.2f} s beside", delays)
    assert took[0] < seconds
    assert at(delays, 0.99) < 10 * line.latency


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED], ids=lambda m: m.name)
def test_twenty_thousand_messages_of_a_game_are_on_time(mode: Mode) -> None:
    delays: list[float] = []
    for seed in range(5):
        one = Delays(mode, LINE, f"game {seed}").run(4000)
        assert at(one, 0.99) < BOUND
        delays += one

    show(f"{mode.name}, 5 seeds", sorted(delays))
