"""Programs under measurement: one processor, one deadline, one pipe."""

import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConfigurationError

RELAY_CPU: Final = 0
LOAD_CPU: Final = 1

_PATIENCE: Final = 20.0  # seconds for a program to come up
_STOP: Final = 5.0  # seconds for it to end
_CHUNK: Final = 65536


class Program:
    """A running program of which the output is read until it is up."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: int) -> None:
        self._process = process
        self._output_end = output
        self._output = b""

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def wait_for(self, text: str) -> str:
        """Return the first line that holds `text`.

        Raises:
            ConfigurationError: The program ended first, or said nothing for 20 s.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            whole = self._output.rpartition(b"\n")[0].decode(errors="replace").splitlines()
            if found := [line for line in whole if text in line]:
                return found[0]
            if not self._read():
                break
        said = self._output.decode(errors="replace").strip()
        raise ConfigurationError(f"{self._process.args!r} did not come up: {said or 'silence'}")

    def _read(self) -> bool:
        """Take what is printed; False at the end, or when nothing comes."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._output_end, selectors.EVENT_READ)
            if not selector.select(_PATIENCE):
                return False
        chunk = os.read(self._output_end, _CHUNK)
        self._output += chunk
        return bool(chunk)


@contextmanager
def running(command: Sequence[str]) -> Iterator[Program]:
    """Run a program on the processor of relays, and this one on that of loads from now on.

    Leaving ends the program.
    """
    output, input_end = os.pipe()
    os.sched_setaffinity(0, {RELAY_CPU})  # all its threads inherit that
    try:
        process = subprocess.Popen(  # noqa: S603 - programs of ours, and coturn
            command, stdin=subprocess.DEVNULL, stdout=input_end, stderr=subprocess.STDOUT
        )
    except OSError:
        os.close(output)
        raise
    finally:
        os.close(input_end)
        os.sched_setaffinity(0, {LOAD_CPU})
    with process:
        try:
            yield Program(process, output)
        finally:
            process.terminate()
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
            os.close(output)


def find(name: str, package: str) -> str:
    """Return the path of a program.

    Raises:
        ConfigurationError: It is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise ConfigurationError(f"there is no {name} here", f"install {package}")
    return path


def cpu_seconds(pid: int) -> float:
    """Return user and system time of all threads of a process so far."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
