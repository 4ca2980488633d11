"""Finds out how a router maps and filters UDP (RFC 5780), from both of its sides."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from itertools import count, product
from typing import NamedTuple

from tests.support.inside import udp_socket
from tests.support.nat_lab import PUBLIC, Internet
from tests.support.netns import Host

_PORTS = (3478, 3479)
_numbers = count()


class Seen(StrEnum):
    """On what of the other end something depends (RFC 4787 sections 4.1 and 5)."""

    NOTHING = "endpoint-independent"
    ADDRESS = "address-dependent"
    PORT = "address- and port-dependent"
    BLOCKED = "blocked"


class Behavior(NamedTuple):
    """How a router treats UDP."""

    mapping: Seen
    filtering: Seen


class Probe:
    """Sockets at two public addresses with two ports each, and one behind the router."""

    def __init__(self, public: dict[tuple[str, int], socket.socket], own: socket.socket) -> None:
        self.public = public
        self.own = own

    def mapped(self, host: str = PUBLIC[0], port: int = _PORTS[0]) -> tuple[str, int] | None:
        """Return the address that a public one sees; None: what is sent does not arrive."""
        text = str(next(_numbers)).encode()
        self.own.sendto(text, (host, port))
        return _source_of(text, self.public[host, port])

    def is_let_in(self, host: str, port: int, mapped: tuple[str, int]) -> bool:
        """Tell whether what a public address sends to `mapped` arrives."""
        text = str(next(_numbers)).encode()
        self.public[host, port].sendto(text, mapped)
        return _source_of(text, self.own) is not None

    def behavior(self) -> Behavior:
        """Return how the router treats this socket."""
        mapped = self.mapped()
        if mapped is None:
            return Behavior(Seen.BLOCKED, Seen.BLOCKED)
        assert self.is_let_in(PUBLIC[0], _PORTS[0], mapped)
        return Behavior(filtering=self._filtering(mapped), mapping=self._mapping(mapped))

    def _filtering(self, mapped: tuple[str, int]) -> Seen:
        if self.is_let_in(PUBLIC[1], _PORTS[1], mapped):
            return Seen.NOTHING
        return Seen.ADDRESS if self.is_let_in(PUBLIC[0], _PORTS[1], mapped) else Seen.PORT

    def _mapping(self, first: tuple[str, int]) -> Seen:
        by_target = {target: self.mapped(*target) for target in self.public}
        if set(by_target.values()) == {first}:
            return Seen.NOTHING
        is_same_port = by_target[PUBLIC[0], _PORTS[1]] == first
        return Seen.ADDRESS if is_same_port else Seen.PORT


@contextmanager
def probe(lab: Internet, machine: Host, port: int = 0) -> Iterator[Probe]:
    """Open a probe from a machine, with a source port of its own."""
    with ExitStack() as stack:
        targets = product(PUBLIC, _PORTS)
        public = {
            target: stack.enter_context(udp_socket(lab.net.namespace, *target))
            for target in targets
        }
        own = stack.enter_context(udp_socket(machine.namespace, "", port))
        yield Probe(public, own)


def _source_of(text: bytes, sock: socket.socket) -> tuple[str, int] | None:
    """Return where a datagram came from; None when it does not come."""
    while True:
        try:
            data, source = sock.recvfrom(100)
        except TimeoutError:
            return None
        if data == text:
            return source[0], source[1]
