"""How `packhorse doctor` looks: a table that grows on a terminal, lines, or JSON."""

import json
from dataclasses import asdict
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.core.doctor.verdict import Verdict
from packhorse.core.relay_address import RelayAddress

_MARKS: Final = {
    Result.PASSED: ("ok", "green"),
    Result.WARNING: ("!", "yellow"),
    Result.FAILED: ("x", "red"),
    Result.SKIPPED: ("-", "dim"),
}
_SHOWN_FROM: Final = 0.0005  # seconds; what took less says nothing


class DoctorOutput(Protocol):
    """What the command tells its user."""

    def open(self, relay: RelayAddress) -> None:
        """Tell what is examined."""

    def begin(self, stage: ExaminationStage) -> None:
        """Tell that a stage begins."""

    def tell(self, finding: Finding) -> None:
        """Tell what a stage has found."""

    def close(self, verdict: Verdict) -> None:
        """Tell what it all means."""


class JsonOutput:
    """One JSON object a line on standard output."""

    def open(self, relay: RelayAddress) -> None:
        """Write the relay's name."""
        _write({"event": "examination", "relay": str(relay)})

    def begin(self, stage: ExaminationStage) -> None:
        """Write nothing."""

    def tell(self, finding: Finding) -> None:
        """Write the finding."""
        _write({"event": "finding", "label": finding.stage.label, **asdict(finding)})

    def close(self, verdict: Verdict) -> None:
        """Write the verdict."""
        _write({"event": "verdict", "words": verdict.words, "usable": verdict.is_usable})


class LineOutput:
    """A line for each finding, where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def open(self, relay: RelayAddress) -> None:
        """Print the relay's name."""
        self._console.print(f"Relay {relay}", soft_wrap=True)

    def begin(self, stage: ExaminationStage) -> None:
        """Print nothing."""

    def tell(self, finding: Finding) -> None:
        """Print the finding, and the advice below it."""
        words = finding.words + _duration(finding)
        line = f"{finding.result.value:8}{finding.stage.label}: {words}"
        self._console.print(line, soft_wrap=True)
        if finding.advice:
            self._console.print(f"        {finding.advice}", soft_wrap=True)

    def close(self, verdict: Verdict) -> None:
        """Print the verdict."""
        self._console.print(verdict.words, soft_wrap=True)


class TableOutput:
    """A table that grows, with what is being examined below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._found: list[Finding] = []
        self._live = Live(console=console, refresh_per_second=8)
        self._heading = Text()

    def open(self, relay: RelayAddress) -> None:
        """Show the relay's name."""
        self._heading = Text(f"Relay {relay}", style="bold")
        self._live.start()

    def begin(self, stage: ExaminationStage) -> None:
        """Show what is being examined."""
        self._live.update(self._view(Spinner("line", Text(stage.label, style="dim"))))

    def tell(self, finding: Finding) -> None:
        """Add a row."""
        self._found.append(finding)
        self._live.update(self._view())

    def close(self, verdict: Verdict) -> None:
        """Show the verdict in the place of what is being examined."""
        style = "bold green" if verdict.is_usable else "bold red"
        self._live.update(self._view(Text(verdict.words, style=style)))
        self._live.stop()

    def _view(self, below: RenderableType = "") -> RenderableType:
        return Group(self._heading, findings_table(self._found), below)


def new_output(console: Console, *, is_json: bool) -> DoctorOutput:
    """Return the output that the user asked for and the console can show."""
    if is_json:
        return JsonOutput()
    if console.is_terminal and not console.is_dumb_terminal:
        return TableOutput(console)
    return LineOutput(console)


def findings_table(found: list[Finding]) -> Table:
    """Return a table of findings, each with its advice below it."""
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        mark, style = _MARKS[finding.result]
        words = Text(finding.words + _duration(finding))
        if finding.advice:
            words.append(f"\n{finding.advice}", style="italic")
        table.add_row(Text(mark, style=style), Text(finding.stage.label), words)
    return table


def _duration(finding: Finding) -> str:
    seconds = finding.seconds
    return "" if seconds is None or seconds < _SHOWN_FROM else f" ({seconds * 1000:.0f} ms)"


def _write(fields: dict[str, object]) -> None:
    print(json.dumps(fields), flush=True)
