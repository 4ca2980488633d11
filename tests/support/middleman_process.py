"""`packhorse host` and `packhorse join` in processes of their own, and the games at their ends."""

import json
import socket
import sys
import time
from collections.abc import Callable
from signal import SIGTERM, Signals
from subprocess import DEVNULL
from typing import Any, Final, Self

from tests.support.processes import Started

START_TIMEOUT: Final = 15.0  # seconds; a slow machine
DEADLINE: Final = 10.0  # seconds for one datagram or event
LOOPBACK: Final = "127.0.0.1"

Address = tuple[str, int]


def packhorse(*arguments: str) -> list[str]:
    """Return the command that runs `packhorse` with these arguments."""
    return [sys.executable, "-m", "packhorse", *arguments]


class MiddlemanProcess:
    """A command with `--json`; use it as a context manager."""

    def __init__(self, *arguments: str, stdin: int = DEVNULL) -> None:
        """Start it and wait until it is up.

        Args:
            arguments: The command and its options.
            stdin: Descriptor that it reads from.
        """
        self._process = Started(packhorse(*arguments, "--json"), stdin=stdin)
        try:
            self.first: dict[str, Any] = json.loads(
                self._process.wait_for("{", timeout=START_TIMEOUT)
            )
            assert self.first["event"] in {"room", "ready"}, self._process.output
        except BaseException:
            self._process.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._process.stop()

    @property
    def pid(self) -> int:
        """The command's process id."""
        return self._process.pid

    @property
    def port(self) -> int:
        """Where the game of `packhorse join` finds its server."""
        return int(self.first["udp"])

    def expect(self, event: str, *, timeout: float = DEADLINE) -> dict[str, Any]:
        """Return the next event of this name.

        Raises:
            AssertionError: It does not come within `timeout` seconds.
        """
        line = self._process.wait_for(f'"event": "{event}"', timeout=timeout)
        told: dict[str, Any] = json.loads(line)
        return told

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return all events of this name so far."""
        lines = [line for line in self._process.lines if line.startswith("{")]
        return [told for told in map(json.loads, lines) if told["event"] == event]

    def signal(self, number: Signals) -> None:
        """Send a signal."""
        self._process.signal(number)

    def wait(self, *, timeout: float = DEADLINE) -> int:
        """Return the exit code once it has ended by itself."""
        return self._process.wait(timeout=timeout)

    def stop(self, number: Signals = SIGTERM) -> dict[str, Any]:
        """End it by a signal, which must give exit code 0; returns what it sums up."""
        self._process.signal(number)
        assert self._process.wait(timeout=DEADLINE) == 0, self._process.output
        return self.told("closed")[0]

    @property
    def output(self) -> str:
        """All that it printed so far, standard error included."""
        return self._process.output


def hosting(relay: str, server: int, *arguments: str, stdin: int = DEVNULL) -> MiddlemanProcess:
    """Start `packhorse host` for the server at a loopback port."""
    service = ("--relay", relay, "--udp", str(server))
    return MiddlemanProcess("host", *service, *arguments, stdin=stdin)


def joining(host: MiddlemanProcess, *arguments: str) -> MiddlemanProcess:
    """Start `packhorse join` on a free port, by the invite of a host."""
    return MiddlemanProcess("join", host.first["invite"], "--udp", "0", *arguments)


class Game:
    """An unmodified program's socket; use it as a context manager."""

    def __init__(self, host: str = LOOPBACK, port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.settimeout(DEADLINE)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Own port."""
        return int(self._socket.getsockname()[1])

    def send(self, data: bytes, to: Address | int) -> None:
        """Send a datagram, to a port of this machine when `to` is a number."""
        host = self._socket.getsockname()[0]
        self._socket.sendto(data, (host, to) if isinstance(to, int) else to)

    def receive(self) -> tuple[bytes, Address]:
        """Return the next datagram and its source.

        Raises:
            TimeoutError: None comes within 10 s.
        """
        data, source = self._socket.recvfrom(65535)
        return data, source[:2]

    def has_received(self, within: float) -> bool:
        """Tell whether a datagram comes within so many seconds."""
        self._socket.settimeout(within)
        try:
            self._socket.recvfrom(65535)
        except TimeoutError:
            return False
        finally:
            self._socket.settimeout(DEADLINE)
        return True

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def free_port() -> int:
    """Return a UDP port of the loopback interface that was free just now."""
    with Game() as game:
        return game.port


def is_free(address: Address) -> bool:
    """Tell whether a UDP address can be bound."""
    try:
        Game(*address).close()
    except OSError:
        return False
    return True


def wait_until(is_true: Callable[[], bool], *, timeout: float = DEADLINE) -> None:
    """Look often until a condition holds.

    Raises:
        AssertionError: It does not within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.02)
