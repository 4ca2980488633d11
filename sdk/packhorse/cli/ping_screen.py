"""How `packhorse ping` looks: progress on a terminal, a summary, or one JSON object."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from packhorse.cli.ping_tally import PingTally
from packhorse.cli.rtt_summary import RttSummary, ms
from packhorse.cli.texts import Json
from packhorse.wire.errors import PackhorseError

_SHOWN_RTT: Final = "RTT {task.fields[rtt]}  loss {task.fields[loss]}"


class PingScreen:
    """Writes to a console; says nothing while pinging when that is no terminal."""

    def __init__(self, console: Console, count: int) -> None:
        """Show nothing yet.

        Args:
            console: Where to write.
            count: Pings that are going to be sent.
        """
        self._console = console
        self._count = count
        self._progress: Progress | None = None
        self._task = TaskID(0)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show what `draw` is told until the end of the block, then remove it."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            yield
            return
        columns = (TextColumn("{task.completed}/{task.total}"), BarColumn(), TextColumn(_SHOWN_RTT))
        with Progress(*columns, console=self._console, transient=True) as self._progress:
            self._task = self._progress.add_task("", total=self._count, rtt="-", loss="-")
            yield

    def draw(self, tally: PingTally) -> None:
        """Show how far it is."""
        if self._progress is not None:
            rtt = f"{tally.rtts[-1] * 1000:.1f} ms" if tally.received else "-"
            loss = _percent(tally.loss)
            self._progress.update(self._task, completed=tally.sent, rtt=rtt, loss=loss)

    def sum_up(self, heading: str, tally: PingTally, remarks: list[str]) -> None:
        """Show the summary."""
        lines = [
            heading,
            f"{tally.sent} sent, {tally.received} received, {_percent(tally.loss)} loss",
        ]
        summary = tally.summary()
        if summary is not None:
            lines.append(_times(summary))
        for line in (*lines, *remarks):
            self._console.print(line, highlight=False, soft_wrap=True)


def report(tally: PingTally, about: dict[str, Json], error: PackhorseError | None) -> str:
    """Return everything as one JSON object in a line."""
    summary = tally.summary()
    fields: dict[str, Json] = {
        **about,
        "sent": tally.sent,
        "received": tally.received,
        "loss": tally.loss,
        "rtt_ms": None if summary is None else {**summary.rtt_ms()},
        "jitter_ms": None if summary is None else ms(summary.jitter),
    }
    if error is not None:
        fields |= {"error": str(error), "stage": error.stage, "advice": error.advice}
    return json.dumps(fields)


def _times(summary: RttSummary) -> str:
    times = "  ".join(f"{name} {value:.2f}" for name, value in summary.rtt_ms().items())
    return f"RTT in ms: {times}  jitter {ms(summary.jitter):.2f}"


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.3g} %"
