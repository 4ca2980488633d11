"""Relay addresses and invites as people type them."""

from enum import StrEnum
from typing import Final, NamedTuple

from packhorse.wire.address import MAX_PORT, parse_port, split_port
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.room_code import RoomCode, parse_room_code

DEFAULT_PORT: Final = 6969  # of relays, UDP and TCP
DEFAULT_PATH: Final = "/v1"  # SPEC.md section 17
_MAX_PATH: Final = 256  # characters
_SCHEMES: Final = ("ws", "wss")
_ADVICE: Final = (
    "write it as host or host:port, an IPv6 address as [::1]:6969, "
    "for WebSocket alone as ws://host:port or wss://host:port/path"
)


class Transport(StrEnum):
    """What carries the datagrams between a member and the relay."""

    AUTO = "auto"
    """UDP; where that gets no answer, WebSocket."""
    UDP = "udp"
    WEBSOCKET = "ws"


class RelayAddress(NamedTuple):
    """Where a relay is to be found."""

    host: str
    """Name or IP address literal."""
    port: int = DEFAULT_PORT
    """UDP and TCP."""
    scheme: str = ""
    """`ws` or `wss` where it is to be reached by WebSocket alone, else empty."""
    path: str = ""
    """Of the WebSocket; empty without a scheme."""

    def __str__(self) -> str:
        where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        if not self.scheme:
            return where
        path = "" if self.path == DEFAULT_PATH else self.path
        return f"{self.scheme}://{where}{path}"

    @property
    def requested_host(self) -> str:
        """The host as requests name it: ASCII, by IDNA, as the system resolves it (RFC 3490)."""
        return self.host.encode("idna").decode("ascii")

    def over(self, scheme: str) -> "RelayAddress":
        """Return the address of the relay's WebSocket; one that names it already stays as it is."""
        return self if self.scheme else RelayAddress(self.host, self.port, scheme, DEFAULT_PATH)


class Invite(NamedTuple):
    """What a host gives to friends: a code, perhaps with the relay."""

    code: RoomCode
    relay: RelayAddress | None


def parse_relay_address(text: str | RelayAddress) -> RelayAddress:
    """Return what `host`, `host:port`, `ws://host:port` or `wss://host:port/path` means.

    Hosts may be IPv6 addresses in brackets. The port is 6969 unless it is given, as it
    is in each of these forms. An address that was parsed before stays as it is.

    Raises:
        ConfigurationError: It is none of these.
    """
    if isinstance(text, RelayAddress):
        return text
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        return RelayAddress(*_host_and_port(text, text))
    where, slash, path = rest.partition("/")
    if scheme not in _SCHEMES or not _is_path(path):
        raise _malformed(text)
    return RelayAddress(
        *_host_and_port(text, where), scheme, slash + path if path else DEFAULT_PATH
    )


def parse_invite(text: str) -> Invite:
    """Return what `CODE` or `CODE@host[:port]` means.

    Raises:
        ConfigurationError: The code or the address is malformed.
    """
    code, separator, relay = text.strip().partition("@")
    return Invite(parse_room_code(code), parse_relay_address(relay) if separator else None)


def check_transport(transport: str, relay: RelayAddress) -> Transport:
    """Return the transport with this name, if `relay` can be reached by it.

    Raises:
        ConfigurationError: There is none, or `relay` names a WebSocket and UDP is asked for.
    """
    if transport not in list(Transport):
        names = ", ".join(Transport)
        raise ConfigurationError(f"{transport!r} is no transport", f"choose one of {names}")
    if transport == Transport.UDP and relay.scheme:
        raise ConfigurationError(
            f"{relay} cannot be reached over UDP", "give the relay as host:port, without ws://"
        )
    return Transport(transport)


def _host_and_port(text: str, where: str) -> tuple[str, int]:
    host, digits = split_port(where)
    if not host:
        raise _malformed(text)
    return host, _port(text, digits)


def _port(text: str, digits: str) -> int:
    port = parse_port(digits) if digits else DEFAULT_PORT
    if not port:
        raise ConfigurationError(f"{text!r} has no port in 1..{MAX_PORT}", _ADVICE)
    return port


def _is_path(path: str) -> bool:
    """Tell whether a path can stand in a request as it is."""
    return len(path) <= _MAX_PATH and path.isascii() and path.isprintable() and " " not in path


def _malformed(text: str) -> ConfigurationError:
    return ConfigurationError(f"{text!r} is no relay address", _ADVICE)
