"""Has the gateway forward a UDP port: PCP, else NAT-PMP; renewed, and taken away at the end."""

import ipaddress
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.port_mapping import (
    NONCE_SIZE,
    GatewayAnswer,
    PcpMapping,
    PmpAddress,
    PmpMapping,
    decode_gateway_answer,
    encode_pcp_map,
    encode_pmp_address,
    encode_pmp_map,
)

LIFETIME: Final = 900
"""Seconds for which a mapping is asked; after a crash it stays that long."""
PROBE: Final = 0.25  # seconds that a protocol has to answer
_REPEAT: Final = 0.1  # seconds after which a request is sent again
_SENDS: Final = 2
_RETRY: Final = 600.0  # seconds until a gateway that knows neither is asked again
_LEAST_PAUSE: Final = 1.0  # seconds between two tries to renew
_LEAST_LIFETIME: Final = 60  # seconds; shorter leases are renewed as if they were as long
_INSIDE: Final = tuple(
    ipaddress.ip_network(f"{start}/{bits}")
    for start, bits in (
        ("0.0.0.0", 8),  # noqa: S104 - a network
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.168.0.0", 16),
    )
)


def is_inside(host: str) -> bool:
    """Tell whether an IPv4 address is one that no router of the internet forwards to.

    Source: RFC 1918, RFC 6598 (carriers), RFC 3927.
    """
    address = ipaddress.ip_address(host)
    return any(address in network for network in _INSIDE)


class Protocol(Enum):
    """What the gateway is asked by."""

    PCP = auto()
    NAT_PMP = auto()

    def __str__(self) -> str:
        return self.name.replace("_", "-")


class PortMapper:
    """Asks one gateway for one port."""

    def __init__(
        self,
        client: str,
        port: int,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> None:
        """Ask at once.

        Args:
            client: Own IPv4 address towards the gateway.
            port: Own UDP port.
            random_bytes: Source of randomness.
            now: Clock seconds.
        """
        self._client = client
        self._port = port
        self._nonce = random_bytes(NONCE_SIZE)
        self._outbox: list[bytes] = []
        self._pmp_host: str | None = None
        self._pmp_mapping: PmpMapping | None = None
        self._external_port = 0
        self.mapped: TransportAddress | None = None
        """Where the gateway takes in what it forwards; None without a mapping."""
        self.protocol: Protocol | None = None
        """What has worked last."""
        self._expires_at = now
        self._asking: Protocol | None = None
        self._sends = 0
        self._due: float | None = now
        self.handle_timeout(now=now)

    @property
    def is_settled(self) -> bool:
        """Tell whether the gateway has said yes, or all has been tried."""
        return self._asking is None

    def receive(self, data: bytes, *, now: float) -> None:
        """Take what came from the gateway.

        Raises:
            ParseError: It is malformed or answers nothing that was asked.
        """
        answer = decode_gateway_answer(data)
        if self._asking is Protocol.PCP:
            self._receive_pcp(answer, now)
        elif self._asking is Protocol.NAT_PMP:
            self._receive_pmp(answer, now)
        else:
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        return self._due

    def handle_timeout(self, *, now: float) -> None:
        """Ask, ask again, go over to the other protocol, or renew."""
        if self._due is None or now < self._due:
            return
        if self.mapped is not None and now >= self._expires_at:
            self.mapped = None
        if self._asking is None:
            self._ask(self.protocol or Protocol.PCP, now)
        elif self._sends < _SENDS:
            self._send(now)
        else:
            self._fail(now)

    def datagrams_to_send(self) -> list[bytes]:
        """Drain what goes to the gateway, port 5351."""
        datagrams, self._outbox = self._outbox, []
        return datagrams

    def close(self) -> None:
        """Take the mapping away: one datagram, whose answer is not waited for."""
        if self.protocol is not None:
            self._outbox = self._requests(self.protocol, lifetime=0)[-1:]
        self.mapped = self._asking = self._due = None

    def _ask(self, protocol: Protocol, now: float) -> None:
        self._asking = protocol
        self._sends = 0
        self._pmp_host = self._pmp_mapping = None
        self._send(now)

    def _send(self, now: float) -> None:
        self._outbox += self._requests(self._asking, lifetime=LIFETIME)
        self._sends += 1
        self._due = now + (_REPEAT if self._sends < _SENDS else PROBE - _REPEAT)

    def _requests(self, protocol: Protocol | None, *, lifetime: int) -> list[bytes]:
        wanted = self._external_port if lifetime else 0
        if protocol is Protocol.PCP:
            request = encode_pcp_map(
                self._client, self._port, self._nonce, external_port=wanted, lifetime=lifetime
            )
            return [request]
        mapping = encode_pmp_map(self._port, external_port=wanted, lifetime=lifetime)
        return [encode_pmp_address(), mapping]

    def _receive_pcp(self, answer: GatewayAnswer, now: float) -> None:
        if not isinstance(answer, PcpMapping):
            self._fail(now)
        elif answer.nonce != self._nonce or answer.internal_port != self._port:
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)
        elif answer.result:
            self._fail(now)
        else:
            self._succeed(Protocol.PCP, answer.external, answer.lifetime, now)

    def _receive_pmp(self, answer: GatewayAnswer, now: float) -> None:
        match answer:
            case PcpMapping():
                raise ParseError(DropReason.UNKNOWN_TRANSACTION)
            case PmpMapping() if answer.internal_port != self._port:
                raise ParseError(DropReason.UNKNOWN_TRANSACTION)
            case PmpMapping(result=0):
                self._pmp_mapping = answer
            case PmpAddress(result=0, host=host):
                self._pmp_host = host
            case _:
                self._fail(now)
                return
        mapping = self._pmp_mapping
        if self._pmp_host is not None and mapping is not None:
            external = TransportAddress(self._pmp_host, mapping.external_port)
            self._succeed(Protocol.NAT_PMP, external, mapping.lifetime, now)

    def _succeed(
        self, protocol: Protocol, external: TransportAddress, lifetime: int, now: float
    ) -> None:
        self.protocol, self._asking = protocol, None
        self._external_port = external.port
        self._expires_at = now + lifetime
        self._due = now + max(lifetime, _LEAST_LIFETIME) / 2
        self.mapped = None if is_inside(external.host) else external

    def _fail(self, now: float) -> None:
        """Try the other protocol; without any the present mapping stays until it expires."""
        if self._asking is Protocol.PCP:
            self._ask(Protocol.NAT_PMP, now)
            return
        self._asking = self.protocol = None
        remaining = (self._expires_at - now) / 2
        self._due = now + (max(remaining, _LEAST_PAUSE) if self.mapped else _RETRY)
