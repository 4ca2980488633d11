"""A UDP proxy that counts what each client sends and receives."""

import selectors
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

_LARGEST: Final = 65535  # bytes
_BUFFER: Final = 1 << 20  # bytes
_STOP_INTERVAL: Final = 0.1  # seconds
_IP_AND_UDP: Final = 28  # bytes of header of a datagram over IPv4


@dataclass
class Traffic:
    """Both directions of one client."""

    datagrams: int = 0
    octets: int = 0
    """Bytes of UDP payload."""

    @property
    def on_the_wire(self) -> int:
        """Bytes with the headers of IP and UDP."""
        return self.octets + self.datagrams * _IP_AND_UDP


class CountingProxy:
    """Forwards between clients and a server on the loopback; use it as a context manager."""

    def __init__(self, server_port: int) -> None:
        """Forward to `server_port` of the loopback interface, from the start of the context."""
        self._server = ("127.0.0.1", server_port)
        self._selector = selectors.DefaultSelector()
        self._inside = self._open()
        self._inside.bind(("127.0.0.1", 0))
        self._outside: dict[tuple[str, int], socket.socket] = {}  # in the order of their coming
        self._traffic: dict[tuple[str, int], Traffic] = {}
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def port(self) -> int:
        """Where clients find the server."""
        port: int = self._inside.getsockname()[1]
        return port

    def count(self) -> list[Traffic]:
        """Return the traffic of each client so far, in the order of their coming."""
        return [Traffic(one.datagrams, one.octets) for one in self._traffic.values()]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_stopping = True
        self._thread.join()
        for sock in [self._inside, *self._outside.values()]:
            sock.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._is_stopping:
            for key, _ in self._selector.select(_STOP_INTERVAL):
                self._forward(key.fileobj, key.data)  # type: ignore[arg-type]

    def _forward(self, sock: socket.socket, client: tuple[str, int] | None) -> None:
        try:
            data, source = sock.recvfrom(_LARGEST)
        except OSError:
            return
        if client is None:
            if source not in self._outside:
                self._outside[source] = self._open(source)
                self._traffic[source] = Traffic()
            self._note(source, data)
            self._outside[source].sendto(data, self._server)
        else:
            self._note(client, data)
            self._inside.sendto(data, client)

    def _note(self, client: tuple[str, int], data: bytes) -> None:
        traffic = self._traffic[client]
        traffic.datagrams += 1
        traffic.octets += len(data)

    def _open(self, client: tuple[str, int] | None = None) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(0.0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._selector.register(sock, selectors.EVENT_READ, client)
        return sock
