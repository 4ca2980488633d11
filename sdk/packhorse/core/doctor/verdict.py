"""What all findings together mean for a game."""

from collections.abc import Iterable
from typing import NamedTuple

from packhorse.core.doctor.finding import ExaminationStage, Finding, Result


class Verdict(NamedTuple):
    """One sentence, and whether one can play."""

    words: str
    is_usable: bool


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return what the findings mean; stages that are missing count as failed."""
    results = {finding.stage: finding.result for finding in findings}
    if results.get(ExaminationStage.RESOLVE) is not Result.PASSED:
        return Verdict("The relay cannot be found.", is_usable=False)
    by_udp = results.get(ExaminationStage.UDP) is Result.PASSED
    by_websocket = results.get(ExaminationStage.WEBSOCKET) is Result.PASSED
    if not by_udp and not by_websocket:
        return Verdict("The relay does not answer.", is_usable=False)
    if results.get(ExaminationStage.VERSION) is not Result.PASSED:
        words = "The relay and this program do not understand each other."
        return Verdict(words, is_usable=False)
    if results.get(ExaminationStage.UDP) is Result.FAILED:
        words = "The relay can be used by WebSocket only, which is slower where datagrams get lost."
        return Verdict(words, is_usable=True)
    if {Result.WARNING, Result.FAILED} & set(results.values()):
        return Verdict("The relay can be used; see the advice.", is_usable=True)
    return Verdict("All is well: the relay can be used.", is_usable=True)
