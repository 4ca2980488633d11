"""How the fuzzer's time is shared out, and what it watches."""

import os
from importlib.util import find_spec

import pytest

import tests.fuzz.__main__ as command
from tests.fuzz.engine import not_watched
from tests.fuzz.registry import MACHINES, TARGETS


def test_all_targets_run_side_by_side_within_the_seconds_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, int] = {}
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(command, "_run", given.__setitem__)

    command._run_all(TARGETS, 600)

    assert set(given) == set(TARGETS)
    assert 1150 < sum(given.values()) <= 2 * 600
    assert given["relay"] > 3 * given["header"]


def test_one_target_gets_no_more_than_the_seconds_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, int] = {}
    monkeypatch.setattr(command, "_run", given.__setitem__)

    command._run_all(["relay"], 60)

    assert given == {"relay": 60}


def test_every_state_machine_is_a_target() -> None:
    assert set(TARGETS) > MACHINES


def test_only_targets_of_decoders_watch_the_decoders() -> None:
    assert not_watched("msgpack") == []
    for name in MACHINES:
        modules = not_watched(name)
        assert "packhorse.wire.msgpack_profile" in modules
        assert all(find_spec(module) for module in modules)
