"""Who joins a running game gets no broadcasts of those that have not heard of it yet."""

import json
from typing import Final

import pytest

from tests.support.godot import run_godot
from tests.support.godot_bot import is_error
from tests.support.relay_process import RelayProcess

_SCRIPT: Final = "res://tests/e2e/newcomers.gd"
_NEWCOMERS: Final = 4


@pytest.mark.usefixtures("godot")
def test_newcomers_of_a_slow_game_hear_only_what_is_meant_for_them() -> None:
    with RelayProcess("--profile", "unlimited") as relay:
        done = run_godot(["-s", _SCRIPT, "--", relay.address])

    lines = done.stdout.splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert len(told) == _NEWCOMERS, done.stdout
    assert [line for line in lines if is_error(line)] == []
    assert sum(newcomer["refused"] for newcomer in told) > 0
