"""TURN servers as people write them, and the ways to each in the order they are tried."""

from enum import StrEnum
from typing import Final, NamedTuple

from packhorse.wire.address import MAX_PORT, parse_port, split_port
from packhorse.wire.errors import ConfigurationError

_PORT: Final = 3478  # RFC 8656 section 18
_TLS_PORTS: Final = (5349, 443)  # the registered one, and the one that firewalls let through
_ADVICE: Final = "write host, host:port, turn:host:port?transport=udp|tcp or turns:host:port"


class Carried(StrEnum):
    """What carries datagrams to the server."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class ServerWay(NamedTuple):
    """One way to one server."""

    host: str
    """Name or address."""
    port: int
    carried: Carried

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.carried.upper()} {host}:{self.port}"


def ways_to(servers: list[str]) -> list[ServerWay]:
    """Return the ways to all servers: UDP of each first, then TCP, then TLS.

    A bare host is tried at UDP and TCP port 3478 and TLS ports 5349 and 443; `host:port` at
    this port alone; a URI (RFC 7065) as it says.

    Raises:
        ConfigurationError: One is malformed, or there is none.
    """
    if not servers:
        raise ConfigurationError("no TURN server is named", _ADVICE)
    order = list(Carried)
    ways = [way for server in servers for way in _ways(server.strip())]
    return sorted(dict.fromkeys(ways), key=lambda way: order.index(way.carried))


def _ways(text: str) -> list[ServerWay]:
    scheme, _, rest = text.partition(":")
    if scheme in {"turn", "turns"} and rest and not rest.isdigit():
        return [_from_uri(scheme, rest, text)]
    host, port = _host_and_port(text, text)
    if port is not None:
        return [ServerWay(host, port, carried) for carried in Carried]
    plain = [ServerWay(host, _PORT, carried) for carried in (Carried.UDP, Carried.TCP)]
    return plain + [ServerWay(host, port, Carried.TLS) for port in _TLS_PORTS]


def _from_uri(scheme: str, rest: str, text: str) -> ServerWay:
    where, question, query = rest.removeprefix("//").partition("?")
    host, port = _host_and_port(where, text)
    transport = query.removeprefix("transport=") if question else ""
    if scheme == "turns" and transport in {"", "tcp"}:
        return ServerWay(host, port or _TLS_PORTS[0], Carried.TLS)
    if scheme == "turn" and transport in {"", "udp", "tcp"}:
        return ServerWay(host, port or _PORT, Carried(transport or "udp"))
    raise ConfigurationError(f"{text!r} is no TURN server", _ADVICE)


def _host_and_port(text: str, whole: str) -> tuple[str, int | None]:
    host, digits = split_port(text)
    if not host:
        raise ConfigurationError(f"{whole!r} is no TURN server", _ADVICE)
    port = parse_port(digits)
    if digits and not port:
        raise ConfigurationError(f"{whole!r} has no port in 1..{MAX_PORT}", _ADVICE)
    return host, port
