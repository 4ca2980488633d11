"""What a packet costs a Godot game: PackhorseMultiplayerPeer next to ENetMultiplayerPeer."""

import json
from typing import Any, Final

import pytest

from tests.support.godot import run_godot
from tests.support.relay_process import RelayProcess

_SCRIPT: Final = "res://tests/bench/peers.gd"
_TIMEOUT: Final = 180.0  # seconds; the run takes 80
_CASES: Final = 24  # two peers, three modes, four sizes and numbers of packets

Case = dict[str, Any]


@pytest.mark.usefixtures("godot")
def test_godot_cost_per_packet() -> None:
    with RelayProcess() as relay:
        done = run_godot(["-s", _SCRIPT, "--", "--relay", relay.address], timeout=_TIMEOUT)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    cases: list[Case] = [json.loads(line) for line in lines]

    _report(cases)
    assert len(cases) == _CASES, done.stdout


def _report(cases: list[Case]) -> None:
    print("\nmicroseconds per packet in the median frame, poll() included; 60 frames a second;")
    print("processor time of both sides beyond that of empty frames")
    print("peer        mode         bytes  per frame   sent  received  processor  arrived")
    for case in cases:
        print(
            f"{case['peer']:11} {case['mode']:11} {case['bytes']:6} {case['per_frame']:10}"
            f" {case['sent_usec']:6.0f} {case['received_usec']:9.0f}"
            f" {case['processor_usec']:10.0f} {case['arrived']:8.0%}"
        )
