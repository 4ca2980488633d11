"""From which of the machine's addresses a listening socket answers."""

import socket
import sys
from contextlib import suppress
from typing import Final

_ADDRESS_PREFERENCES: Final = 72  # IPV6_ADDR_PREFERENCES of linux/in6.h
_PUBLIC: Final = 2  # IPV6_PREFER_SRC_PUBLIC (RFC 5014 section 3)


def prefer_stable_address(sock: socket.socket) -> None:
    """Let a socket that is bound to `::` answer from a stable address, not a temporary one.

    Temporary addresses (RFC 8981) are what the system prefers on many machines. Members know
    the relay by an address that stays, and take nothing from another. Harmless for IPv4, for
    a socket bound to one address, and on systems that cannot do it.
    """
    if sys.platform != "linux" or sock.family != socket.AF_INET6:
        return
    with suppress(OSError):
        sock.setsockopt(socket.IPPROTO_IPV6, _ADDRESS_PREFERENCES, _PUBLIC)
