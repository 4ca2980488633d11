"""A terminal of its own for a program, with somebody who types."""

import os
import pty
import termios
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
