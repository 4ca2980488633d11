"""Tests of the verdict."""

import pytest

from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.core.doctor.verdict import verdict

Stage = ExaminationStage


def findings(**results: Result) -> list[Finding]:
    """Return a finding for each stage; those that are not named have passed."""
    return [Finding(stage, results.get(stage.value, Result.PASSED), "") for stage in Stage]


@pytest.mark.parametrize(
    ("results", "word", "is_usable"),
    [
        ({}, "All is well", True),
        ({"resolve": Result.FAILED}, "cannot be found", False),
        ({"udp": Result.FAILED, "websocket": Result.FAILED}, "does not answer", False),
        ({"udp": Result.SKIPPED, "websocket": Result.FAILED}, "does not answer", False),
        ({"version": Result.FAILED}, "do not understand", False),
        ({"udp": Result.FAILED}, "WebSocket only", True),
        ({"websocket": Result.WARNING}, "see the advice", True),
        ({"mapping": Result.WARNING}, "see the advice", True),
        ({"hairpin": Result.SKIPPED}, "All is well", True),
    ],
)
def test_findings_add_up_to_one_sentence(
    *, results: dict[str, Result], word: str, is_usable: bool
) -> None:
    conclusion = verdict(findings(**results))
    assert word in conclusion.words
    assert conclusion.is_usable is is_usable


def test_examination_that_was_broken_off_does_not_pass() -> None:
    assert not verdict([]).is_usable
