"""A relay in a process of its own, on the loopback interface."""

import json
import signal
import sys
from contextlib import suppress
from typing import Any, Final, Self

from tests.support.processes import Started

_START_TIMEOUT: Final = 30.0  # seconds; a slow machine
LOOPBACK: Final = "127.0.0.1"


class RelayProcess:
    """Runs `packhorse relay`; use it as a context manager."""

    def __init__(self, *arguments: str, host: str = LOOPBACK, port: int = 0) -> None:
        """Start the relay and wait until it listens.

        Args:
            arguments: Further options of the command.
            host: Address literal to listen on.
            port: 0 takes a free one.
        """
        command = [sys.executable, "-m", "packhorse", "relay", "--json", "--bind", host]
        self._process = Started([*command, "--port", str(port), *arguments])
        try:
            told: dict[str, Any] = json.loads(
                self._process.wait_for('"port"', timeout=_START_TIMEOUT)
            )
        except BaseException:
            self._process.stop()
            raise
        self.port = int(told["port"])
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._interrupt()

    @property
    def pid(self) -> int:
        """The relay's process id."""
        return self._process.pid

    def kill(self) -> None:
        """End the relay without giving it time to say anything."""
        self._process.signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> dict[str, Any]:
        """End the relay; returns what it says at the end: what it forwarded and dropped."""
        self._interrupt()
        told: dict[str, Any] = json.loads(self._process.lines[-1])
        return told

    def _interrupt(self) -> None:
        """End the relay at once; SIGTERM would wait for its rooms to end."""
        with suppress(ProcessLookupError):
            self._process.signal(signal.SIGINT)
            self._process.wait()
        self._process.stop()
