"""A UDP proxy that can change the address from which it speaks, as a NAT does."""

import select
import socket
import threading
from typing import Final, Self

_LOOPBACK: Final = ("127.0.0.1", 0)
_TICK: Final = 0.05  # seconds until a stop or a new socket is noticed


class RebindingProxy:
    """Forwards between one member and a relay; use it as a context manager."""

    def __init__(self, relay_port: int) -> None:
        """Forward what comes to `address` to the relay's port on the loopback."""
        self._relay = ("127.0.0.1", relay_port)
        self._inside = _new_socket()
        self._outside = _new_socket()
        self._member: tuple[str, int] | None = None
        self._has_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self.address = f"127.0.0.1:{self._inside.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._has_stopped.set()
        self._thread.join()
        self._inside.close()
        self._outside.close()

    def rebind(self) -> None:
        """Speak to the relay from another port; what comes to the old one is lost."""
        old, self._outside = self._outside, _new_socket()
        old.close()

    def _run(self) -> None:
        while not self._has_stopped.is_set():
            outside = self._outside
            try:
                readable, _, _ = select.select([self._inside, outside], [], [], _TICK)
                for sock in readable:
                    self._forward(sock, outside)
            except (OSError, ValueError):  # closed by rebind
                continue

    def _forward(self, sock: socket.socket, outside: socket.socket) -> None:
        data, source = sock.recvfrom(2048)
        if sock is self._inside:
            self._member = source
            outside.sendto(data, self._relay)
        elif self._member is not None:
            self._inside.sendto(data, self._member)


def _new_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(_LOOPBACK)
    return sock
