"""Which services a host offers, and how the others learn of it.

A service is a port of an application. Services of UDP and of TCP are numbered apart, in
the order in which they were given: number k at a client is number k at the host.

The middleman of a client asks with a reliable message on channel 15, one byte 1; that of
the host answers there with one byte 2, the number of its UDP services as u8, their ports
as u16, and the same for TCP. A host that is no middleman does not answer; one that gets a
datagram for a service that it does not have answers unasked. Longer messages, and other
first bytes, are for later versions.
"""

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from packhorse.middleman.notices import ServiceMissing
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ConfigurationError, ParseError

CONTROL_CHANNEL: Final = 15
MAX_UDP: Final = 16  # services; unreliable messages on channels 0..15
MAX_TCP: Final = 64  # services
QUESTION: Final = b"\x01"
_ANSWER: Final = b"\x02"
_U16: Final = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Services:
    """The ports that a host offers."""

    udp: tuple[int, ...] = ()
    tcp: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [f"UDP {port}" for port in self.udp] + [f"TCP {port}" for port in self.tcp]
        return ", ".join(parts) or "nothing"


class Wanted(NamedTuple):
    """How many services of each kind a client asks for."""

    udp: int
    tcp: int

    def missing(self, offered: Services) -> tuple[ServiceMissing, ...]:
        """Return which of them the host does not offer."""
        missing = [ServiceMissing("udp", k, len(offered.udp)) for k in self._beyond(0, offered)]
        missing += [ServiceMissing("tcp", k, len(offered.tcp)) for k in self._beyond(1, offered)]
        return tuple(missing)

    def require_any(self, offered: Services) -> None:
        """See that at least one of them is offered.

        Raises:
            ConfigurationError: None is.
        """
        if len(self.missing(offered)) == self.udp + self.tcp:
            error = ConfigurationError(
                f"the host offers none of these services, but {offered}",
                _advice(offered),
            )
            error.stage = "asking the host for its services"
            raise error

    def _beyond(self, kind: int, offered: Services) -> range:
        return range(len((offered.udp, offered.tcp)[kind]) + 1, self[kind] + 1)


def encode_answer(services: Services) -> bytes:
    """Return the answer of a host."""
    ports = (services.udp, services.tcp)
    return _ANSWER + b"".join(
        bytes([len(numbers)]) + b"".join(map(_U16.pack, numbers)) for numbers in ports
    )


def decode_answer(message: bytes) -> Services:
    """Decode the answer of a host.

    Raises:
        ParseError: It is none.
    """
    if message[:1] != _ANSWER:
        raise ParseError(DropReason.UNKNOWN_TYPE)
    udp, position = _decode_ports(message, 1)
    tcp, _ = _decode_ports(message, position)
    return Services(udp, tcp)


def _decode_ports(message: bytes, position: int) -> tuple[tuple[int, ...], int]:
    if position >= len(message):
        raise ParseError(DropReason.TRUNCATED, position)
    start, end = position + 1, position + 1 + _U16.size * message[position]
    if end > len(message):
        raise ParseError(DropReason.TRUNCATED, len(message))
    ports = (_U16.unpack_from(message, at)[0] for at in range(start, end, _U16.size))
    return tuple(ports), end


def _advice(offered: Services) -> str:
    options = [f"--udp {port}" for port in offered.udp] + [f"--tcp {port}" for port in offered.tcp]
    if not options:
        return "ask the host which services it has"
    return f"run `packhorse join` with {' '.join(options)}, or ask the host to offer more"
