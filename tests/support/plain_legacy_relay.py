"""A legacy relay as the first one was: no guards, no limits, one room.

Written from the description of the protocol alone, so that our members meet something
that was not made for them.
"""

import socket
import threading
import time
from typing import Final, Self

_PREFIX: Final = b"\x00\xaa"
_HEADER: Final = 6  # bytes
_KEEPALIVE: Final = 1.0  # seconds

Address = tuple[str, int]


class PlainLegacyRelay:
    """Runs in a thread; use it as a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._peers: dict[int, Address] = {}
        self._sent_at: dict[Address, float] = {}
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="legacy-relay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._is_stopping.set()
        self._thread.join(5.0)
        self._socket.close()

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                data, source = self._socket.recvfrom(65535)
            except TimeoutError:
                pass
            else:
                self._receive(data, source)
            self._keep_alive()

    def _receive(self, data: bytes, source: Address) -> None:
        if len(data) < _HEADER or data[:2] != _PREFIX:
            return
        peer = int.from_bytes(data[2:_HEADER], "big")
        if len(data) == _HEADER:
            self._register(peer, data, source)
        elif peer in self._peers:
            self._forward(peer, data, source)

    def _register(self, peer: int, data: bytes, source: Address) -> None:
        if peer != 1:
            if 1 not in self._peers:
                return
            self._send(data, self._peers[1])
        self._peers[peer] = source
        self._send(data, source)

    def _forward(self, peer: int, data: bytes, source: Address) -> None:
        if peer == 1:
            senders = [known for known, address in self._peers.items() if address == source]
            if not senders:
                return
            data = _PREFIX + senders[0].to_bytes(4, "big") + data[_HEADER:]
        self._send(data, self._peers[peer])

    def _keep_alive(self) -> None:
        for peer, address in self._peers.items():
            if time.monotonic() - self._sent_at[address] > _KEEPALIVE:
                self._send(_PREFIX + peer.to_bytes(4, "big"), address)

    def _send(self, data: bytes, address: Address) -> None:
        self._sent_at[address] = time.monotonic()
        self._socket.sendto(data, address)
