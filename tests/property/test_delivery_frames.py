"""Reliable messages between two games that send and read once a frame, in virtual time."""

from typing import Final

import pytest

from packhorse.core.delivery.delivered import Delivered
from packhorse.testing import Conditions
from packhorse.testing.clock import VirtualClock
from packhorse.testing.link import Link
from packhorse.testing.pair import End

FRAME: Final = 1 / 60
SMALL: Final = 200  # bytes, one such message in each frame
MAP: Final = 1 << 20  # bytes
MAP_CHANNEL: Final = 1


class Game(End):
    """An end that acts once a frame alone."""

    def __init__(self, clock: VirtualClock, first_frame: float) -> None:
        super().__init__(clock)
        self.frames = 0
        self._arrived: list[bytes] = []
        clock.call_at(clock.now + first_frame, self._act)

    def receive(self, datagram: bytes, _address: None = None) -> None:
        """Leave a datagram to the next frame."""
        self._arrived.append(datagram)

    def wake(self) -> None:
        """Leave what is due to the next frame."""

    def play(self) -> None:
        """Do what the game does in a frame."""

    def _act(self) -> None:
        arrived, self._arrived = self._arrived, []
        for datagram in arrived:
            super().receive(datagram)
        self.frames += 1
        self.play()
        super().wake()
        self._clock.call_at(self._clock.now + FRAME, self._act)


class Host(Game):
    """Sends a small message in each frame, and a map now and then."""

    def __init__(self, clock: VirtualClock, map_every: int) -> None:
        super().__init__(clock, 0.001)
        self._map_every = map_every
        self.map_sent_at = 0.0

    def play(self) -> None:
        self.push(bytes(SMALL))
        if self.frames % self._map_every == 0:
            self.map_sent_at = self._clock.now
            self.push(bytes(MAP), channel=MAP_CHANNEL)


def two_maps(conditions: Conditions, seed: int) -> list[float]:
    """Return how long two maps take, one after the other, seconds."""
    clock = VirtualClock()
    host, guest = Host(clock, map_every=120 + seed), Game(clock, seed / 1000)
    there: Link[None] = Link(clock, guest.receive, conditions, seed=f"{seed} there")
    back: Link[None] = Link(clock, host.receive, conditions, seed=f"{seed} back")
    host.connect(lambda datagram: there.send(datagram, None))
    guest.connect(lambda datagram: back.send(datagram, None))
    took: list[float] = []
    give_up_at = clock.now + 60.0

    def take(message: Delivered) -> None:
        if message.channel == MAP_CHANNEL:
            took.append(clock.now - host.map_sent_at)

    guest.on_message = take
    while len(took) < 2 and clock.now < give_up_at:
        clock.step()
    return took


@pytest.mark.parametrize("jitter", [0.002, 0.005, 0.015])
def test_frames_that_come_late_are_not_taken_for_a_slow_path(jitter: float) -> None:
    """Round trips differ by whole frames; taken for a limit, that ended the beginning too soon."""
    line = Conditions(latency=0.025, jitter=jitter)
    runs = [two_maps(line, seed) for seed in range(1, 16)]
    first, second = max(run[0] for run in runs), max(run[1] for run in runs)

    print(f"\njitter {jitter * 1000:.0f} ms: 1 MiB in {first:.2f} s, then in {second:.2f} s")
    assert first < 0.9
    assert second < 0.3
