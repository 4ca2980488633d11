"""Relay addresses and invites as people type them."""

from typing import Final, NamedTuple

from packhorse.wire.errors import ConfigurationError
from packhorse.wire.room_code import RoomCode, parse_room_code

DEFAULT_PORT: Final = 6969
_MAX_PORT: Final = 65535
_PORT_DIGITS: Final = 5
_NOT_IN_HOSTS: Final = " /@[]"
_ADVICE: Final = "write it as host or host:port, an IPv6 address as [::1]:6969"


class RelayAddress(NamedTuple):
    """Where a relay is to be found."""

    host: str
    """Name or IP address literal."""
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Invite(NamedTuple):
    """What a host gives to friends: a code, perhaps with the relay."""

    code: RoomCode
    relay: RelayAddress | None


def parse_relay_address(text: str) -> RelayAddress:
    """Return what `host`, `host:port`, `[ipv6]` or `[ipv6]:port` means.

    Raises:
        ConfigurationError: It is none of these.
    """
    text = text.strip()
    if text.startswith(("ws://", "wss://")):
        raise ConfigurationError(
            f"{text!r} is a WebSocket address", "this version reaches relays over UDP: host:port"
        )
    host, port = _split(text)
    if not host or not host.isprintable() or any(symbol in host for symbol in _NOT_IN_HOSTS):
        raise ConfigurationError(f"{text!r} is no relay address", _ADVICE)
    return RelayAddress(host, port)


def parse_invite(text: str) -> Invite:
    """Return what `CODE` or `CODE@host[:port]` means.

    Raises:
        ConfigurationError: The code or the address is malformed.
    """
    code, separator, relay = text.strip().partition("@")
    return Invite(parse_room_code(code), parse_relay_address(relay) if separator else None)


def _split(text: str) -> tuple[str, int]:
    if text.startswith("["):
        host, end, rest = text[1:].partition("]")
        if not end or (rest and not rest.startswith(":")):
            raise ConfigurationError(f"{text!r} is no relay address", _ADVICE)
        return host, _port(text, rest[1:])
    if text.count(":") > 1:  # an IPv6 address without brackets
        return text, DEFAULT_PORT
    host, _, port = text.partition(":")
    return host, _port(text, port)


def _port(text: str, port: str) -> int:
    if not port:
        return DEFAULT_PORT
    is_number = port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS
    if not is_number or not 1 <= int(port) <= _MAX_PORT:
        raise ConfigurationError(f"{text!r} has no port in 1..{_MAX_PORT}", _ADVICE)
    return int(port)
