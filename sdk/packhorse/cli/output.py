"""Where the long-running commands write: JSON lines, or text with a status line on a terminal."""

import dataclasses
import json
import time
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from packhorse.cli.stdout import mute_stdout
from packhorse.cli.texts import Json, event_fields, event_sentence, summary
from packhorse.core.events import Event
from packhorse.middleman.notices import Notice
from packhorse.middleman.traffic import Traffic
from packhorse.wire.errors import PackhorseError

_NO_WIDTH: Final = 10_000  # columns; more than any table has


class Output(Protocol):
    """What a command tells its user."""

    has_status: bool
    """A status line is of use."""

    def announce(self, fields: dict[str, Json], text: RenderableType) -> None:
        """Tell that the command is up."""

    def tell(self, event: Event | Notice) -> None:
        """Tell an event."""

    def reply(self, text: str) -> None:
        """Tell what became of what somebody typed, or what can be typed now."""

    def show_status(self, line: str) -> None:
        """Put `line` in the place of the last status line."""

    def close(self, traffic: Traffic, error: PackhorseError | None) -> None:
        """Tell that the command has ended; the error's text is the caller's task."""


class JsonOutput:
    """One JSON object a line on standard output."""

    has_status = False

    def announce(self, fields: dict[str, Json], text: RenderableType) -> None:  # noqa: ARG002
        """Write `fields`."""
        _write_json(fields)

    def tell(self, event: Event | Notice) -> None:
        """Write the event's fields."""
        _write_json(event_fields(event))

    def reply(self, text: str) -> None:
        """Write `text` as an event of its own."""
        _write_json({"event": "reply", "text": text})

    def show_status(self, line: str) -> None:
        """Write nothing."""

    def close(self, traffic: Traffic, error: PackhorseError | None) -> None:
        """Write the counts, and the error if there is one."""
        drops: dict[str, Json] = {**traffic.drops}
        fields: dict[str, Json] = {
            "event": "closed",
            "to_room": traffic.to_room,
            "from_room": traffic.from_room,
            "drops": drops,
        }
        if traffic.has_tcp:
            fields["tcp"] = dict(dataclasses.asdict(traffic.tcp))
        if error is not None:
            fields |= {"error": str(error), "stage": error.stage, "advice": error.advice}
        _write_json(fields)


class TextOutput:
    """Lines for people; on a terminal with a status line below them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or StdoutConsole(highlight=False, markup=False, soft_wrap=True)
        self._live: Live | None = None
        self._line = ""
        self._is_open = False
        self.has_status = self._console.is_terminal and not self._console.is_dumb_terminal

    def announce(self, fields: dict[str, Json], text: RenderableType) -> None:  # noqa: ARG002
        """Print `text`."""
        self._is_open = True
        self._console.print(text)

    def tell(self, event: Event | Notice) -> None:
        """Print the event in words."""
        sentence = event_sentence(event)
        if sentence is not None:
            line = Text(time.strftime("%H:%M:%S  "), style="dim")
            self._console.print(line.append(sentence, style="not dim"))

    def reply(self, text: str) -> None:
        """Print `text`."""
        self._console.print(Text(text))

    def show_status(self, line: str) -> None:
        """Put `line` below what was printed."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        if line == self._line:
            return  # would wipe out what somebody is typing behind it
        self._line = line
        self._live.update(Text(line, style="dim", no_wrap=True, overflow="ellipsis"), refresh=True)

    def close(self, traffic: Traffic, error: PackhorseError | None) -> None:  # noqa: ARG002
        """Remove the status line; print the counts if the command was up at all."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._is_open:
            self._console.print(summary(traffic))


class StdoutConsole(Console):
    """A console whose reader may go away: that is no reason to end somebody's game."""

    def on_broken_pipe(self) -> None:
        """Write nothing any more, and go on."""
        mute_stdout()


def table_console() -> Console:
    """Return a console for tables; no line ends early where standard output is no terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _NO_WIDTH
    return console


def new_output(*, is_json: bool) -> Output:
    """Return the output that the user asked for."""
    return JsonOutput() if is_json else TextOutput()


def _write_json(fields: dict[str, Json]) -> None:
    try:
        print(json.dumps(fields), flush=True)
    except BrokenPipeError:
        mute_stdout()
