"""A bot that plays the Godot demo in a process of its own, and tells what it sees."""

import json
import signal
import time
from typing import Any, Final

from tests.support.godot import start_godot
from tests.support.processes import Started

_START_TIMEOUT: Final = 60.0  # seconds; four engines start side by side
_ERRORS: Final = ("ERROR:", "WARNING:", "leaked at exit")

Event = dict[str, Any]


class GodotBot:
    """Runs the demo as `godot --headless -- --bot`; end it with `stop`.

    Attributes:
        name: How the bot is called.
        tolerated: Part of engine messages that a test expects.
    """

    def __init__(self, name: str, *options: str, process: Started | None = None) -> None:
        """Start it.

        Args:
            name: How the bot is called.
            options: Further options of the demo.
            process: A demo that runs already, instead.
        """
        self.name = name
        self.tolerated = "\0"
        self._process = process or start_godot(["--", "--bot", "--name", name, *options])
        self._lines_read = 0
        self._events: list[Event] = []

    def expect(self, event: str, *, timeout: float = _START_TIMEOUT, **fields: object) -> Event:
        """Wait for an event with these fields; earlier ones are passed over.

        Raises:
            AssertionError: It does not come within `timeout` seconds.
        """
        wanted = {"event": event, **fields}
        deadline = time.monotonic() + timeout
        while True:
            while self._lines_read < len(self._process.lines):
                line = self._process.lines[self._lines_read]
                self._lines_read += 1
                if line.startswith("{"):
                    self._events.append(json.loads(line))
                    if wanted.items() <= self._events[-1].items():
                        return self._events[-1]
            left = deadline - time.monotonic()
            assert left > 0, f"{self.name}: no {wanted} within {timeout} s:\n{self._process.output}"
            self._process.wait_for("{", timeout=left)

    def seen(self, event: str) -> list[Event]:
        """Return the events of this name that came so far."""
        return [found for found in self._events if found["event"] == event]

    def wait_to_see(self, event: str, **fields: Any) -> None:
        """Wait for an event with these fields, unless it has come already.

        Raises:
            AssertionError: It does not come in time.
        """
        if not any(fields.items() <= found.items() for found in self.seen(event)):
            self.expect(event, **fields)

    def kill(self) -> None:
        """End it without giving it time to leave."""
        self._process.signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it.

        Raises:
            AssertionError: The engine logged an error.
        """
        self._process.stop()
        lines = [line for line in self._process.lines if self.tolerated not in line]
        errors = [line for line in lines if is_error(line)]
        assert errors == [], self._process.output


def is_error(line: str) -> bool:
    """Tell whether the engine complains in `line`."""
    return any(text in line for text in _ERRORS)
