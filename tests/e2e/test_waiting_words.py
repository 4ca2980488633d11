"""Whoever waits at a terminal reads what for; no wait is without a word."""

import pytest

from tests.support.middleman_process import Game, packhorse
from tests.support.terminal import run_on_terminal


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("host --relay {} --udp 6942", "Opening a room on {} ..."),
        ("join AAAA-BBBB@{} --udp 0", "Joining the room on {} ..."),
        ("ping AAAA-BBBB@{}", "0/10"),
        ("rooms --relay {}", "Asking {} ..."),
    ],
)
def test_wait_for_a_silent_relay_is_told_and_then_removed(command: str, word: str) -> None:
    with Game() as silent:
        relay = f"127.0.0.1:{silent.port}"
        arguments = command.format(relay).split()

        code, written = run_on_terminal(packhorse(*arguments, "--timeout", "1"), timeout=20)

    assert code == 1
    before, erased, after = written.rpartition("\x1b[2K")
    assert word.format(relay) in before
    assert erased
    assert "error: no answer while" in after
