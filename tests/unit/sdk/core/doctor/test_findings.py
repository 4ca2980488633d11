"""Tests of what measurements of a relay mean."""

import pytest

from packhorse.core.doctor import findings
from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.wire.constants import ErrorCode
from packhorse.wire.messages import Challenge, Error


def challenge(version: int) -> Challenge:
    """Return a relay's answer to HELLO."""
    return Challenge(version=version, features=0, cookie=bytes(17))


def unsupported(least: int, most: int) -> Error:
    """Return the answer of a relay of other versions."""
    return Error(code=ErrorCode.UNSUPPORTED_VERSION, version_min=least, version_max=most)


@pytest.mark.parametrize(
    ("finding", "result"),
    [
        (findings.resolved("relay.example", ["192.0.2.1"], 0.1), Result.PASSED),
        (findings.resolved("192.0.2.1", ["192.0.2.1"], 0.0), Result.PASSED),
        (findings.resolved("relay.example", [], 0.1), Result.FAILED),
        (findings.udp("192.0.2.1:6969", 0.1), Result.PASSED),
        (findings.udp("", 3.0), Result.FAILED),
        (findings.websocket("ws://x", "", [0.1], by_udp=True, seconds=1.0), Result.PASSED),
        (findings.websocket("ws://x", "no", [], by_udp=True, seconds=1.0), Result.WARNING),
        (findings.websocket("ws://x", "no", [], by_udp=False, seconds=1.0), Result.FAILED),
        (findings.version(challenge(1)), Result.PASSED),
        (findings.version(unsupported(2, 3)), Result.FAILED),
        (findings.version(Error(code=ErrorCode.DRAINING)), Result.FAILED),
        (findings.round_trip([0.01] * 10, 10), Result.PASSED),
        (findings.round_trip([0.01] * 9, 10), Result.WARNING),
        (findings.round_trip([0.2] * 10, 10), Result.WARNING),
        (findings.round_trip([], 10), Result.FAILED),
        (findings.largest_datagram(1200), Result.PASSED),
        (findings.largest_datagram(576), Result.WARNING),
        (findings.largest_datagram(0), Result.FAILED),
        (findings.clock(59.0), Result.PASSED),
        (findings.clock(-61.0), Result.WARNING),
        (findings.skipped(ExaminationStage.SIZE, "why"), Result.SKIPPED),
    ],
)
def test_finding_that_is_not_good_has_advice(finding: Finding, result: Result) -> None:
    assert finding.result is result
    assert bool(finding.advice) is (result in {Result.WARNING, Result.FAILED})
    assert finding.words


@pytest.mark.parametrize(
    ("least", "most", "advice"), [(0, 0, "Update the relay."), (2, 3, "Update packhorse.")]
)
def test_older_side_is_to_be_updated(least: int, most: int, advice: str) -> None:
    assert findings.version(unsupported(least, most)).advice == advice


@pytest.mark.parametrize(("offset", "word"), [(100.0, "ahead of"), (-100.0, "behind")])
def test_clock_is_said_to_be_ahead_or_behind(offset: float, word: str) -> None:
    assert findings.clock(offset).words == f"100 s {word} the relay's"


@pytest.mark.parametrize(
    ("rtts", "median"),
    [([0.03, 0.01, 0.02], 20.0), ([0.03, 0.01, 0.02, 0.04], 25.0), ([0.01], 10.0)],
)
def test_round_trips_are_summed_up(rtts: list[float], median: float) -> None:
    finding = findings.round_trip(rtts, len(rtts))
    assert finding.words == f"median {median} ms, least 10.0 ms, 0 of {len(rtts)} lost"
