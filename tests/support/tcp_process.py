"""`packhorse host --tcp` and `packhorse join --tcp` in processes of their own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.support.middleman_process import LOOPBACK, MiddlemanProcess, wait_until
from tests.support.relay_process import RelayProcess

_CONNECT_WITHIN: Final = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class TcpPath:
    """A relay and a middleman at either end."""

    host: MiddlemanProcess
    client: MiddlemanProcess
    server_port: int
    """Where the server has to listen."""

    @property
    def port(self) -> int:
        """Where its clients find it."""
        return int(self.client.first["tcp"])


@contextmanager
def tcp_path() -> Iterator[TcpPath]:
    """Carry one TCP port, on which nothing listens yet."""
    port = free_tcp_port()
    with (
        RelayProcess() as relay,
        MiddlemanProcess("host", "--relay", relay.address, "--tcp", str(port)) as host,
        MiddlemanProcess("join", host.first["invite"], "--tcp", "0") as client,
    ):
        yield TcpPath(host, client, port)


def free_tcp_port() -> int:
    """Return a TCP port of the loopback interface that was free just now."""
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        return int(sock.getsockname()[1])


def wait_for_listener(port: int) -> None:
    """Wait until something listens on a port of the loopback interface.

    Raises:
        AssertionError: Nothing does within ten seconds.
    """
    wait_until(lambda: _listens(port))


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), _CONNECT_WITHIN).close()
    except OSError:
        return False
    return True
