"""A Godot process in a room, told what to do and watched by a test."""

import asyncio
import json
import re
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Self

from tests.support.godot import start_godot

PATIENCE: Final = 30.0  # seconds; for one event, on a busy machine
_START_TIMEOUT: Final = 60.0  # seconds; the engine on a slow machine
_SCRIPT: Final = "res://tests/e2e/member.gd"
_ERROR: Final = re.compile(r"^(SCRIPT |USER )?ERROR:|^WARNING:|leaked at exit")

Event = dict[str, Any]


class GodotMember:
    """Runs godot_addon/tests/e2e/member.gd; use it as a context manager.

    The constructor only starts the process, so that several can start side by side.

    Attributes:
        expected_error: Text of an error that the engine may log; any other fails the test.
        expected_errors: More such texts.
    """

    def __init__(self) -> None:
        """Start the process."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(_START_TIMEOUT)
        port = self._server.getsockname()[1]
        self._process = start_godot(["-s", _SCRIPT, "--", "--control", str(port)])
        self._control: socket.socket | None = None
        self._events: list[Event] = []
        self._lines_read = 0
        self.expected_error = ""
        self.expected_errors: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Wait until the process is ready for commands."""
        try:
            self._control, _ = self._server.accept()
            self._control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.expect("ready", timeout=_START_TIMEOUT)
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """All that the process printed so far."""
        return self._process.output

    def do(self, command: str, **arguments: object) -> None:
        """Send a command."""
        assert self._control is not None, "not started"
        line = json.dumps({"do": command, **arguments})
        self._control.sendall(line.encode() + b"\n")

    def expect(self, event: str, *, timeout: float = PATIENCE, **fields: object) -> Event:
        """Wait for an event with these fields that no earlier call has returned.

        Raises:
            AssertionError: It does not come within `timeout` seconds.
        """
        wanted = {"event": event, **fields}
        deadline = time.monotonic() + timeout
        while True:
            self._read_events()
            for index, found in enumerate(self._events):
                if wanted.items() <= found.items():
                    return self._events.pop(index)
            left = deadline - time.monotonic()
            assert left > 0, f"no {wanted} within {timeout} s:\n{self.output}"
            self._wait_for_more(wanted, left)

    def has(self, event: str, *, within: float = 0.25, **fields: object) -> bool:
        """Tell whether such an event comes within so many seconds."""
        try:
            self.expect(event, timeout=within, **fields)
        except AssertionError:
            return False
        return True

    def unexpected(self, event: str) -> list[Event]:
        """Return the events of this name that no `expect` has returned."""
        self._read_events()
        return [found for found in self._events if found["event"] == event]

    def report(self) -> Event:
        """Return what the process says about its peer; events before it have been read."""
        self.do("report")
        return self.expect("report")

    def create(self, relay: str, **options: object) -> str:
        """Create a room and wait for its code."""
        self.do("create", relay=relay, **options)
        return str(self.expect("room_created")["code"])

    def join(self, relay: str, code: str, **options: object) -> None:
        """Join a room and wait until it has been entered."""
        self.do("join", relay=relay, code=code, **options)
        self.expect("stage_changed", stage="CONNECTED")

    def kill(self) -> None:
        """End the process without giving it time to leave."""
        self._process.signal(signal.SIGKILL)

    def stop(self) -> None:
        """Close the connection, at which the process ends by itself; insist if it does not.

        Raises:
            AssertionError: The engine logged an error.
        """
        self._server.close()
        if self._control is not None:
            self._control.close()
        try:
            self._process.wait(timeout=5.0)
        except AssertionError:
            pass
        finally:
            self._process.stop()
        assert self._unexpected_errors() == [], self.output

    def _unexpected_errors(self) -> list[str]:
        expected = [text for text in (self.expected_error, *self.expected_errors) if text]
        return [
            line
            for line in self._process.lines
            if _ERROR.search(line) and not any(text in line for text in expected)
        ]

    def _read_events(self) -> None:
        lines = self._process.lines
        while self._lines_read < len(lines):
            line = lines[self._lines_read]
            self._lines_read += 1
            if line.startswith("{"):
                self._events.append(json.loads(line))

    def _wait_for_more(self, wanted: Event, timeout: float) -> None:
        try:
            self._process.wait_for('{"event":', timeout=timeout)
        except AssertionError:
            raise AssertionError(f"no {wanted} within the time:\n{self.output}") from None


async def expect(member: GodotMember, event: str, **fields: Any) -> Event:
    """Wait for the event without stopping the event loop."""
    return await asyncio.to_thread(partial(member.expect, event, **fields))


Start = Callable[[int], list[GodotMember]]
"""Starts so many members side by side."""
