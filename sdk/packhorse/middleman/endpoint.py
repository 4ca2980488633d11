"""The application's end of a middleman, as people type it and as sockets take it."""

import asyncio
import socket
from typing import Final, NamedTuple

from packhorse.aio.udp import SocketAddress
from packhorse.wire.address import MAX_PORT, parse_port
from packhorse.wire.errors import ConfigurationError

LOOPBACK: Final = "127.0.0.1"
_ADVICE: Final = "write it as port or host:port, an IPv6 address as [::1]:6942"
_RESOLVE_WITHIN: Final = 5.0  # seconds
_MAX_ADDRESSES: Final = 4


class Endpoint(NamedTuple):
    """Where an application is to be found, or to find us."""

    host: str
    """Name or IP address literal."""
    port: int
    """0..65535; 0 is any free one."""

    def __str__(self) -> str:
        return show_address(self)


def show_address(address: SocketAddress) -> str:
    """Return `host:port`, an IPv6 host in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_endpoint(text: str) -> Endpoint:
    """Return what `port`, `host:port` or `[ipv6]:port` means; the host is this machine if absent.

    Raises:
        ConfigurationError: It is none of these.
    """
    host, separator, digits = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or "[" in host:
        raise ConfigurationError(f"{text!r} is no address of an application", _ADVICE)
    port = parse_port(digits)
    if port is None:
        raise ConfigurationError(f"{text!r} has no port in 0..{MAX_PORT}", _ADVICE)
    if separator and not host:
        raise ConfigurationError(f"{text!r} has no host before the colon", _ADVICE)
    return Endpoint(host or LOOPBACK, port)


async def resolve_endpoint(endpoint: Endpoint) -> SocketAddress:
    """Return the address literal and port of an endpoint, IPv4 before IPv6.

    Raises:
        ConfigurationError: The name is unknown, or not resolved within 5 s.
    """
    return (await resolve_all(endpoint))[0]


async def resolve_all(endpoint: Endpoint) -> list[SocketAddress]:
    """Return all addresses of an endpoint, up to 4, IPv4 before IPv6.

    Raises:
        ConfigurationError: The name is unknown, or not resolved within 5 s.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_WITHIN):
            found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: not even the form of a name
        reason = getattr(error, "strerror", None) or str(error) or "no answer in time"
        problem = f"{endpoint.host!r} cannot be resolved: {reason}"
        raise ConfigurationError(problem, "use an IP address, such as 127.0.0.1") from error
    hosts = sorted((str(entry[4][0]) for entry in found), key=lambda host: ":" in host)
    return [(host, endpoint.port) for host in hosts[:_MAX_ADDRESSES]]
