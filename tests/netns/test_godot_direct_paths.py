"""Running games behind home routers move from the relay to direct paths, and back."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from tests.support import processes
from tests.support.godot import godot_command
from tests.support.netns import Home, NatLab
from tests.support.processes import Started

pytestmark = pytest.mark.usefixtures("godot")

_RELAY_HOST: Final = "198.51.100.1"
_RELAY: Final = f"{_RELAY_HOST}:6969"
_SCRIPT: Final = "res://tests/e2e/direct_member.gd"
_SECONDS: Final = 14.0  # of speaking
_REFUSED: Final = 25  # numbers at most; half a second: as long as a quarter of an RTT of 2 s
_PORT_RESTRICTED: Final = """
flush ruleset
table ip nat {
    chain post {
        type nat hook postrouting priority 100;
        oifname "wan" masquerade
    }
}
table ip guard {
    chain input {
        type filter hook input priority 0;
        iifname "wan" ct state new drop
    }
}
"""
_CUT: Final = f"""
table ip cut {{
    chain forward {{
        type filter hook forward priority 0;
        meta l4proto udp ip saddr != {_RELAY_HOST} ip daddr != {_RELAY_HOST} drop
    }}
}}
"""

Heard = dict[str, dict[str, int]]


class Lab:
    """Members in homes, and a relay."""

    def __init__(self, homes: NatLab, programs: ExitStack) -> None:
        self.homes = homes.homes
        self._programs = programs
        command = [sys.executable, "-m", "packhorse", "relay", "--drain-time", "0"]
        relay = self._start(homes.net.command(command))
        relay.wait_for("6969")

    def rule(self, home: Home, rules: str) -> None:
        """Give a router further rules."""
        done = processes.run(home.router.command(["nft", rules]), timeout=10)
        assert done.returncode == 0, done.stdout

    def godot(self, home: Home, *arguments: str) -> Started:
        """Start a game in a home."""
        given = ["--relay", _RELAY, "--seconds", str(_SECONDS), *arguments]
        return self._start(home.machine.command(godot_command(["-s", _SCRIPT, "--", *given])))

    def python(self, home: Home, *arguments: str) -> Started:
        """Start a Python member in a home."""
        program = [sys.executable, "-m", "tests.netns.direct_member"]
        given = ["--relay", _RELAY, "--seconds", str(_SECONDS), *arguments]
        return self._start(home.machine.command([*program, *given]))

    def _start(self, command: list[str]) -> Started:
        return self._programs.enter_context(Started(command))


@pytest.fixture
def lab(netns: None) -> Iterator[Callable[[int], Lab]]:  # noqa: ARG001 - sees that they can be made
    with ExitStack() as programs:
        yield lambda homes: Lab(programs.enter_context(NatLab(homes)), programs)


def test_running_game_moves_to_direct_paths_and_loses_nothing(lab: Callable[[int], Lab]) -> None:
    """DIR-4."""
    three = lab(3)
    for home in three.homes:
        three.rule(home, _PORT_RESTRICTED)
    host = three.godot(three.homes[0], "--peers", "2")
    code = json.loads(host.wait_for('"code"', timeout=60))["code"]
    client = three.godot(three.homes[1], "--peers", "2", "--code", code)
    client.wait_for('"RELAY_UDP"', timeout=60)
    members = [host, client, three.python(three.homes[2], "--peers", "2", "--code", code)]

    summaries = [_summary(member) for member in members]

    for own, member in enumerate(members, 1):
        taken = sorted(peer for peer, path in _paths(member) if path == "DIRECT")
        assert taken == [peer for peer in (1, 2, 3) if peer != own]
    _assert_all_heard(summaries)


def test_games_behind_random_symmetric_routers_stay_on_the_relay(
    lab: Callable[[int], Lab],
) -> None:
    two = lab(2)
    host, client = _two_games(two)

    summaries = [_summary(host), _summary(client)]

    assert not any(path == "DIRECT" for _, path in _paths(host) + _paths(client))
    _assert_all_heard(summaries)


def test_game_that_takes_the_relay_only_is_left_on_it(lab: Callable[[int], Lab]) -> None:
    """DIR-2."""
    two = lab(2)
    for home in two.homes:
        two.rule(home, _PORT_RESTRICTED)
    host, client = _two_games(two, "--relay-only", "yes")

    summaries = [_summary(host), _summary(client)]

    assert not any(path == "DIRECT" for _, path in _paths(host) + _paths(client))
    _assert_all_heard(summaries)


@pytest.mark.quiet
def test_cut_of_the_direct_path_costs_reliable_traffic_half_a_second(
    lab: Callable[[int], Lab],
) -> None:
    """DIR-7."""
    two = lab(2)
    for home in two.homes:
        two.rule(home, _PORT_RESTRICTED)
    host, client = _two_games(two)
    for member in (host, client):
        member.wait_for('"DIRECT"', timeout=60)

    two.rule(two.homes[0], _CUT)

    summaries = [_summary(host), _summary(client)]
    for member in (host, client):
        assert [path for _, path in _paths(member)] == ["RELAY_UDP", "DIRECT", "RELAY_UDP"]
        assert _silence_of_one_cause(member) < 0.6  # and a frame on either side
    for own, summary in enumerate(summaries):
        heard = summary["heard"][str(2 - own)]
        assert heard["faults"] == 0
        assert heard["reliable"] == summaries[1 - own]["said"]


def _two_games(two: Lab, *client_arguments: str) -> tuple[Started, Started]:
    host = two.godot(two.homes[0], "--peers", "1")
    code = json.loads(host.wait_for('"code"', timeout=60))["code"]
    client = two.godot(two.homes[1], "--peers", "1", "--code", code, *client_arguments)
    return host, client


def _summary(member: Started) -> dict[str, Any]:
    line = member.wait_for('"summary"', timeout=120)
    summary: dict[str, Any] = json.loads(line)["summary"]
    return summary


def _events(member: Started, key: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in member.lines if line.startswith("{")]
    return [event for event in found if key in event]


def _paths(member: Started) -> list[tuple[int, str]]:
    return [(event["peer"], event["path"]) for event in _events(member, "path")]


def _silence_of_one_cause(member: Started) -> float:
    """Return the longest silence in seconds, less twice the next: a busy machine makes several."""
    silences: list[float] = [event["silence"] for event in _events(member, "silence")]
    next_longest, longest = sorted([0.0, 0.0, *silences])[-2:]
    assert longest < 2.0, silences
    return longest - 2 * next_longest


def _assert_all_heard(summaries: list[dict[str, Any]]) -> None:
    """Fail unless everybody has heard every number of all others, of both kinds.

    A newcomer refuses the first broadcasts of who was there before, until that one knows it.
    """
    for own, summary in enumerate(summaries):
        heard: Heard = summary["heard"]
        assert len(heard) == len(summaries) - 1
        for peer, counts in heard.items():
            said = summaries[int(peer) - 1]["said"]
            missed = said - counts["unreliable"]
            assert (counts["reliable"], counts["faults"]) == (said, 0), (own, peer)
            assert 0 <= missed <= (_REFUSED if own + 1 > int(peer) else 0), (own, peer)
            assert not missed or summary["statistics"]["drop_stray_fanout"] > 0, (own, peer)
