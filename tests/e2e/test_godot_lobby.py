"""The lobby against a real relay."""

import json

import pytest

from tests.support.godot import run_godot
from tests.support.relay_process import RelayProcess


@pytest.mark.usefixtures("godot")
@pytest.mark.parametrize(("password", "listed"), [("", ""), ("oats", " · password")])
def test_public_room_is_found_in_the_list_and_joined(password: str, listed: str) -> None:
    with RelayProcess() as relay:
        done = run_godot(["-s", "res://tests/e2e/two_lobbies.gd", "--", relay.address, password])

    told: dict[str, str] = {}
    for line in done.stdout.splitlines():
        told |= json.loads(line) if line.startswith("{") else {}
    assert told["listed"] == f"Parcel Rush by Ada · 1 of 64{listed}", done.stdout
    assert told["entered"] == told["hosted"] == told["opened"] == told["shown"] != ""
    assert "ERROR" not in done.stdout
    assert done.returncode == 0
