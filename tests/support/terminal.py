"""A terminal of its own for a program, with somebody who types."""

import os
import pty
import signal
import subprocess
import termios
from collections.abc import Sequence
from typing import Self


class Terminal:
    """Use it as a context manager; give `stdin` to the program."""

    def __enter__(self) -> Self:
        self._keyboard, self.stdin = pty.openpty()
        attributes = termios.tcgetattr(self.stdin)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self.stdin, termios.TCSANOW, attributes)
        return self

    def __exit__(self, *_exc_info: object) -> None:
        os.close(self._keyboard)
        os.close(self.stdin)

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        os.write(self._keyboard, line.encode() + b"\n")


def run_on_terminal(
    command: Sequence[str],
    *,
    timeout: float,
    env: dict[str, str] | None = None,
    interrupt_at: str | None = None,
) -> tuple[int, str]:
    """Run a program on a terminal of 80 columns; returns its exit code and all that it wrote.

    Args:
        command: The program and its arguments.
        timeout: Seconds for its end, once it has written all.
        env: Added to our environment.
        interrupt_at: Words at which it gets SIGINT; none for never.
    """
    ours, its = pty.openpty()
    environment = {"TERM": "xterm-256color", "COLUMNS": "80", "PYTHONUTF8": "1"} | (env or {})
    with subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=os.environ | environment
    ) as process:
        os.close(its)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
                if interrupt_at is not None and interrupt_at.encode() in written:
                    process.send_signal(signal.SIGINT)
                    interrupt_at = None
        except OSError:  # Linux: the other end is closed
            pass
        code = process.wait(timeout)
    os.close(ours)
    return code, written.decode("utf-8").replace("\r\n", "\n")
