"""An implementation in another process: a line of JSON to its stdin, one from its stdout."""

import json
import subprocess
from collections.abc import Sequence
from threading import Timer
from types import TracebackType
from typing import IO, Any, Final, Self, cast

_PATIENCE: Final = 120.0  # seconds for all scenarios


class AdapterDiedError(Exception):
    """The process has ended, or answered with something else than a line of JSON."""


class SubprocessAdapter:
    """Starts a command and speaks with it until the context ends."""

    def __init__(self, command: Sequence[str], patience: float = _PATIENCE) -> None:
        self._command = command
        self._patience = patience

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - the command of whoever runs this
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._timer = Timer(self._patience, self._process.kill)
        self._timer.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Hand a command over and wait for the reply.

        Raises:
            AdapterDiedError: There is none.
        """
        stdin, stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            stdin.write(json.dumps(command) + "\n")
            stdin.flush()
            reply: dict[str, Any] = json.loads(stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError) as error:
            raise AdapterDiedError(f"no reply to {command['do']}") from error
        return reply
