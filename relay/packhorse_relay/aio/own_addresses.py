"""Which addresses are the relay's own, also where it listens on all of the machine."""

import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from packhorse.aio.udp import SocketAddress

_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what others bind to
_REMEMBERED: Final = 1024  # hosts; the one asked for longest ago gives way
_FRESH: Final = 30.0  # seconds; addresses of a machine come and go


class OwnAddresses:
    """The listening addresses, as a container of (host, port)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ports: set[int] = set()
        self._hosts: set[str] = set()
        self._answers: OrderedDict[str, tuple[bool, float]] = OrderedDict()

    def listen_on(self, addresses: Iterable[SocketAddress]) -> None:
        """Set where the relay listens."""
        self._hosts = {host for host, _ in addresses}
        self._ports = {port for _, port in addresses}

    def __contains__(self, address: object) -> bool:
        """Tell whether a datagram from `address` comes from one of our own sockets."""
        if not isinstance(address, tuple) or address[1] not in self._ports:
            return False
        host = address[0]
        if host in self._hosts:
            return True
        return not self._hosts.isdisjoint(_WILDCARDS) and self._is_local(host)

    def _is_local(self, host: str) -> bool:
        answer, until = self._answers.pop(host, (False, 0.0))
        if until <= self._clock():
            answer, until = _can_bind(host), self._clock() + _FRESH
        self._answers[host] = (answer, until)
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return answer


def _can_bind(host: str) -> bool:
    """Tell whether `host` is an address of this machine: the system lets nobody bind another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((host.partition("%")[0], 0))
    except OSError:
        return False
    return True
