"""Run a program with a deadline, and watch what a running one prints."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self

from tests.support.layout import REPOSITORY

PATIENCE: Final = 30.0  # seconds; for a line or the end of a program, on a busy machine
STOP_DEADLINE: Final = 5.0  # seconds between asking a program to end and ending it


class Started:
    """A running program whose output is read as it appears.

    Use it as a context manager: leaving it ends the program, by its own pid.

    Attributes:
        lines: What it printed so far, standard error included.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: dict[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        """Start `command` in the repository, with `env` added to ours, and read from `stdin`."""
        self.lines: list[str] = []
        self._unread: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ | (env or {}),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="output", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All lines so far, for messages."""
        return "\n".join(self.lines)

    def wait_for(self, text: str, *, timeout: float = PATIENCE) -> str:
        """Return the next unread line that holds `text`.

        Raises:
            AssertionError: It did not come within `timeout` seconds, or the
                program ended first; the text holds all output.
        """
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._unread.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                self._unread.put(None)
                raise AssertionError(f"ended before {text!r}:\n{self.output}")
            if text in line:
                return line
        raise AssertionError(f"no {text!r} within {timeout} s:\n{self.output}")

    def wait(self, *, timeout: float = PATIENCE) -> int:
        """Return the exit code.

        Raises:
            AssertionError: It still runs after `timeout` seconds.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s:\n{self.output}") from None
        self._reader.join(STOP_DEADLINE)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self._process.send_signal(number)

    def stop(self, *, patience: float = STOP_DEADLINE) -> None:
        """End the program: ask, then insist after `patience` seconds.

        What it has started goes with it. Harmless when it has ended.
        """
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_DEADLINE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its session is its own
        self._reader.join(STOP_DEADLINE)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._unread.put(self.lines[-1])
        self._unread.put(None)


def run(
    command: Sequence[str], *, timeout: float, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end; standard error is part of its output.

    Raises:
        AssertionError: It still runs after `timeout` seconds; the text holds
            what it printed.
    """
    with Started(command, env=env) as started:
        code = started.wait(timeout=timeout)
    return subprocess.CompletedProcess(list(command), code, stdout=started.output)
