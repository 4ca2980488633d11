"""What `open_pipe` and `listen_pipes` take, as people type it."""

from enum import StrEnum
from typing import NamedTuple

from packhorse.wire.address import MAX_PORT, parse_port
from packhorse.wire.errors import ConfigurationError

_ADVICE = (
    "write udp://host:port, tcp://host:port, tls://host:port, or an invite CODE@relay; "
    "to listen in a room relay://host[:port]"
)


class Scheme(StrEnum):
    """What carries the pipe."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    ROOM = "room"
    """An invite; or, to listen, a relay."""


class Target(NamedTuple):
    """Where a pipe goes, or where it is listened for."""

    scheme: Scheme
    host: str
    """Name or address; of a room the whole invite, or the relay."""
    port: int = 0


TargetLike = str | tuple[str, int]


def parse_target(target: TargetLike) -> Target:
    """Return where a pipe goes: an address is UDP, text without a scheme an invite.

    Raises:
        ConfigurationError: It is malformed.
    """
    if isinstance(target, tuple):
        host, port = target
        return Target(Scheme.UDP, host, _checked(port, str(target)))
    scheme, separator, rest = target.strip().partition("://")
    if not separator:
        return Target(Scheme.ROOM, scheme)
    if scheme not in {Scheme.UDP, Scheme.TCP, Scheme.TLS}:
        raise ConfigurationError(f"{target!r} is no target of a pipe", _ADVICE)
    return Target(Scheme(scheme), *_host_and_port(rest, target))


def parse_listening(where: TargetLike) -> Target:
    """Return where to listen; port 0 takes a free one.

    Raises:
        ConfigurationError: It is malformed.
    """
    if isinstance(where, str) and where.startswith("relay://"):
        return Target(Scheme.ROOM, where.removeprefix("relay://"))
    target = parse_target(where)
    if target.scheme is Scheme.ROOM:
        raise ConfigurationError(f"{where!r} is no place to listen at", _ADVICE)
    return target


def _host_and_port(text: str, whole: str) -> tuple[str, int]:
    host, separator, digits = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        separator = ""
    if not host or not separator:
        raise ConfigurationError(f"{whole!r} is no target of a pipe", _ADVICE)
    return host, _checked(parse_port(digits), whole)


def _checked(port: int | None, whole: str) -> int:
    if port is None or not 0 <= port <= MAX_PORT:
        raise ConfigurationError(f"{whole!r} has no port in 0..{MAX_PORT}", _ADVICE)
    return port
