"""Sockets for direct paths: the one to the relay where it is UDP, and one for each other family."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from packhorse.aio.interfaces import local_addresses
from packhorse.aio.udp import ANY_HOST, OnDatagram, UdpSocket
from packhorse.core.direct.channel import DirectDatagram
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import CandidateKind

if TYPE_CHECKING:
    from packhorse.aio.more_sockets import MoreSockets

_MOST_HOSTS: Final = 8  # so that other candidates have a place in an offer
_TTL: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}


class DirectSockets:
    """Sends datagrams to peers' addresses and hands on what comes from anywhere."""

    def __init__(self) -> None:
        self._sockets: dict[socket.AddressFamily, UdpSocket] = {}
        self._own: list[UdpSocket] = []
        self.more: MoreSockets | None = None
        """Those from which one address each is checked."""

    async def open(
        self,
        shared: UdpSocket | None,
        on_datagram: OnDatagram,
        on_drained: Callable[[], None],
    ) -> None:
        """Open what is missing; a family that this machine does not have is left out.

        Args:
            shared: The socket to the relay, if that is UDP; it stays its owner's.
            on_datagram: Called with each datagram and its source.
            on_drained: Called when all that came together has been handed out.
        """
        if shared is not None:
            self._sockets[_family(shared)] = shared
        for family, any_host in ANY_HOST.items():
            if family in self._sockets:
                continue
            with suppress(OSError):
                opened = await UdpSocket.open(on_datagram, bind=(any_host, 0))
                opened.on_drained = on_drained
                self._sockets[family] = opened
                self._own.append(opened)

    @property
    def sockets(self) -> list[UdpSocket]:
        """The sockets, one of each family."""
        return list(self._sockets.values())

    @property
    def ipv4_port(self) -> int | None:
        """Own port of the IPv4 socket, or None without one."""
        opened = self._sockets.get(socket.AF_INET)
        return opened.local_address[1] if opened else None

    def candidates(self) -> list[Candidate]:
        """Return the addresses of this machine's interfaces, with the ports of the sockets."""
        found = []
        for host in local_addresses():
            opened = self._sockets.get(_family_of(host))
            if opened is not None and not opened.is_closed:
                address = TransportAddress(host, opened.local_address[1])
                found.append(Candidate(CandidateKind.HOST, address))
        return found[:_MOST_HOSTS]

    def send(self, datagram: DirectDatagram) -> None:
        """Send a datagram; what the system refuses is lost."""
        if datagram.address.listener and self.more is not None:
            self.more.send(datagram)
            return
        family = _family_of(datagram.address.host)
        opened = self._sockets.get(family)
        if opened is None:
            return
        if datagram.ttl is None:
            opened.send(datagram.data, datagram.address[:2])
        else:
            self._send_short(opened, family, datagram, datagram.ttl)

    def keep(self, shared: UdpSocket) -> None:
        """Own the shared socket from now on."""
        self._own.append(shared)

    def close(self) -> None:
        """Close the own sockets; harmless when closed."""
        own, self._own = self._own, []
        for opened in own:
            opened.close()
        if self.more is not None:
            self.more.keep(())
        self._sockets.clear()

    @staticmethod
    def _send_short(
        opened: UdpSocket, family: socket.AddressFamily, datagram: DirectDatagram, ttl: int
    ) -> None:
        """Send a datagram that ends before the peer's router."""
        option = _TTL[family]
        with suppress(OSError):
            usual = opened.socket.getsockopt(*option)
            opened.socket.setsockopt(*option, ttl)
            opened.send(datagram.data, datagram.address[:2])
            opened.socket.setsockopt(*option, usual)


def _family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _family(opened: UdpSocket) -> socket.AddressFamily:
    return _family_of(opened.local_address[0])
