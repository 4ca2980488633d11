"""How late a game's reliable messages come on a lossy path, next to ENet.

Both run at the same time on one emulated link, which they hardly use. ENet takes part
where the package pyenet is installed.
"""

import importlib.util
import json
import sys
from contextlib import ExitStack
from typing import Final

import pytest

from tests.bench.emulated_link import EmulatedLink, LinkKind, prefer, why_no_link
from tests.support.netns import Host
from tests.support.processes import Started

_SECONDS: Final = 120.0
_KIND: Final = LinkKind(10, 0.050, 0.05)
_PARTS: Final = (("50 %", 0.5), ("95 %", 0.95), ("99 %", 0.99), ("99.9 %", 0.999), ("max", 1.0))
_PROGRAM: Final = [sys.executable, "-m", "tests.bench.game_traffic"]


class Game:
    """The programs of the game at both ends of a link."""

    def __init__(self, link: EmulatedLink, stack: ExitStack) -> None:
        self._link = link
        self._stack = stack

    def start_room(self) -> Started:
        """Start relay, receiver and sender; return the receiver."""
        address = f"{self._link.receiver.address}:6969"
        relay = [sys.executable, "-m", "packhorse", "relay", "--json", "--profile", "unlimited"]
        self._start(self._link.receiver, *relay).wait_for("listening")
        receiver = self._play(self._link.receiver, "room-receive", address)
        code = json.loads(receiver.wait_for('"code"'))["code"]
        self._play(self._link.sender, "room-send", address, code)
        return receiver

    def start_enet(self) -> Started:
        """Start receiver and sender; return the receiver."""
        address = f"{self._link.receiver.address}:7002"
        receiver = self._play(self._link.receiver, "enet-receive", address)
        receiver.wait_for("listening")
        self._play(self._link.sender, "enet-send", address)
        return receiver

    def _play(self, host: Host, role: str, address: str, *more: str) -> Started:
        return self._start(host, *_PROGRAM, role, address, str(_SECONDS), *more)

    def _start(self, host: Host, *command: str) -> Started:
        started = self._stack.enter_context(Started(host.command(command)))
        prefer(started.pid)
        return started


@pytest.fixture(autouse=True)
def _can_emulate(netns: None) -> None:  # noqa: ARG001 - sees that namespaces can be made
    if reason := why_no_link():
        pytest.skip(reason)


@pytest.mark.timeout(300)
def test_delay_of_a_games_reliable_messages() -> None:
    with EmulatedLink(_KIND) as link, ExitStack() as stack:
        game = Game(link, stack)
        receivers = {"room": game.start_room()}
        if importlib.util.find_spec("enet"):
            receivers["ENet"] = game.start_enet()
        delays = {name: _delays(receiver) for name, receiver in receivers.items()}

    print(f"\n30 messages of 200 bytes a second for {_SECONDS:g} s on {_KIND}, delivery delay:")
    for name, sample in delays.items():
        shown = ", ".join(
            f"{label} {_percentile(sample, part) * 1000:.0f} ms" for label, part in _PARTS
        )
        print(f"  {name:5} {len(sample)} messages: {shown}")
    print(f"  99 % wanted below 3 RTT: {3 * _KIND.rtt * 1000:.0f} ms")
    assert len(delays["room"]) == _SECONDS * 30


def _percentile(sample: list[float], part: float) -> float:
    return sample[min(len(sample) - 1, int(part * len(sample)))]


def _delays(receiver: Started) -> list[float]:
    line = receiver.wait_for('"delays"', timeout=_SECONDS + 40)
    delays: list[float] = json.loads(line)["delays"]
    return sorted(delays)
