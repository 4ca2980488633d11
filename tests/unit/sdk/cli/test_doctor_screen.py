"""Tests of how `packhorse doctor` looks."""

import json
from io import StringIO

import pytest
from rich.console import Console

from packhorse.cli.doctor_screen import JsonOutput, LineOutput, TableOutput, new_output
from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.core.doctor.verdict import Verdict
from packhorse.core.relay_address import RelayAddress

RELAY = RelayAddress("relay.example", 6969)
SLOW = Finding(ExaminationStage.RTT, Result.WARNING, "median 200.0 ms", "It is far away.", 2.5)
GOOD = Finding(ExaminationStage.UDP, Result.PASSED, "it answers")
VERDICT = Verdict("The relay can be used; see the advice.", is_usable=True)


def terminal() -> tuple[Console, StringIO]:
    """Return a console that takes itself for a terminal, and what it writes to."""
    written = StringIO()
    return Console(file=written, force_terminal=True, width=100, color_system=None), written


def test_output_fits_the_console() -> None:
    console, _ = terminal()
    assert isinstance(new_output(console, is_json=True), JsonOutput)
    assert isinstance(new_output(console, is_json=False), TableOutput)
    assert isinstance(new_output(Console(file=StringIO()), is_json=False), LineOutput)


def test_terminal_shows_progress_then_table_and_verdict() -> None:
    console, written = terminal()
    output = TableOutput(console)
    output.open(RELAY)
    output.begin(ExaminationStage.UDP)
    output.tell(GOOD)
    output.tell(SLOW)
    output.close(VERDICT)
    shown = written.getvalue()
    for text in ("relay.example", "UDP", "it answers", "(2500 ms)", "It is far away."):
        assert text in shown
    assert shown.rindex(VERDICT.words) > shown.rindex("It is far away.")


def test_lines_have_the_advice_below(capsys: pytest.CaptureFixture[str]) -> None:
    output = LineOutput(Console(highlight=False, markup=False))
    output.open(RELAY)
    output.begin(ExaminationStage.RTT)
    output.tell(SLOW)
    output.close(VERDICT)
    assert capsys.readouterr().out.splitlines() == [
        "Relay relay.example:6969",
        "warning Round trip: median 200.0 ms (2500 ms)",
        "        It is far away.",
        VERDICT.words,
    ]


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = JsonOutput()
    output.open(RELAY)
    output.begin(ExaminationStage.RTT)
    output.tell(SLOW)
    output.close(VERDICT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["examination", "finding", "verdict"]
    assert lines[1]["stage"] == "rtt"
    assert (lines[1]["label"], lines[1]["result"]) == ("Round trip", "warning")
