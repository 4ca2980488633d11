"""Examines the NAT between this machine and a relay."""

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from packhorse.aio.gateways import MappedPort
from packhorse.aio.stun_socket import StunSocket
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.direct.port_mapper import is_inside
from packhorse.core.doctor import nat_findings
from packhorse.core.doctor.finding import ExaminationStage, Finding
from packhorse.core.doctor.findings import skipped
from packhorse.core.nat_behaviour import NatBehaviour, nat_behaviour
from packhorse.wire.address import TransportAddress, is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Stage = ExaminationStage
_HAIRPIN_WITHIN = 1.0  # seconds
_HAIRPIN_SENDS = 3
_NO_STUN = "the relay does not answer STUN"
_NO_SECOND_PORT = "the relay has no second port"


class NatDoctor:
    """An async context manager; ask for the stages in their order."""

    def __init__(self, relay: SocketAddress) -> None:
        """Open nothing yet; `relay` is an IPv4 address that answers by UDP."""
        self._relay = TransportAddress(*relay)
        self._stack = AsyncExitStack()
        self._mapped: TransportAddress | None = None
        self._second: TransportAddress | None = None
        self._behaviour: NatBehaviour | None = None

    async def __aenter__(self) -> Self:
        """Open a socket.

        Raises:
            OSError: It cannot be had.
        """
        self._socket = await self._stack.enter_async_context(StunSocket(is_v6=False))
        port = self._socket.socket.local_address[1]
        self._own = TransportAddress(_own_host(self._relay), port)
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._stack.aclose()

    async def examine(self, stage: ExaminationStage) -> Finding:
        """Return the finding of one of the stages about the NAT."""
        stages: dict[ExaminationStage, Callable[[], Awaitable[Finding]]] = {
            Stage.MAPPING: self._look_at_mapping,
            Stage.FILTERING: self._look_at_filtering,
            Stage.HAIRPIN: self._try_hairpin,
            Stage.GATEWAY: self._ask_gateway,
        }
        return await stages[stage]()

    @property
    def _is_hard(self) -> bool:
        return self._behaviour is not None and self._behaviour.is_hard

    async def _look_at_mapping(self) -> Finding:
        first = await self._socket.ask(self._relay)
        self._mapped = first.mapped
        if first.mapped is None:
            return skipped(Stage.MAPPING, _NO_STUN)
        seen = {self._relay: first.mapped}
        if first.other_port is not None:
            self._second = self._relay._replace(port=first.other_port)
            other = await self._socket.ask(self._second)
            seen |= {} if other.mapped is None else {self._second: other.mapped}
        self._behaviour = nat_behaviour(self._own, seen, is_answered_from_elsewhere=None)
        return nat_findings.mapping(self._behaviour, str(first.mapped))

    async def _look_at_filtering(self) -> Finding:
        if self._second is None:
            return skipped(Stage.FILTERING, _NO_SECOND_PORT if self._mapped else _NO_STUN)
        async with StunSocket(is_v6=False) as fresh:  # the other one has asked both ports
            seen = await fresh.ask(self._relay)
            crossed = await fresh.ask(self._relay, from_other_port=True)
        if seen.mapped is None:
            return skipped(Stage.FILTERING, _NO_STUN)
        has_answered = crossed.mapped is not None
        behaviour = nat_behaviour(
            self._own, {self._relay: seen.mapped}, is_answered_from_elsewhere=has_answered
        )
        return nat_findings.filtering(behaviour)

    async def _try_hairpin(self) -> Finding:
        """Send from another socket to the address that the relay sees."""
        if self._mapped is None:
            return skipped(Stage.HAIRPIN, _NO_STUN)
        if self._mapped == self._own:
            return skipped(Stage.HAIRPIN, "there is no NAT")
        arrived = asyncio.Event()
        async with StunSocket(is_v6=False) as inner:
            mapped = (await inner.ask(self._relay)).mapped
            inner.on_other = lambda _data: arrived.set()
            outer = await UdpSocket.open(lambda _data, _source: None, bind=("0.0.0.0", 0))  # noqa: S104
            try:
                works = mapped is not None and await _arrives(outer, mapped, arrived)
            finally:
                outer.close()
        return nat_findings.hairpin(works=works)

    async def _ask_gateway(self) -> Finding:
        if is_loopback(self._own):
            return skipped(Stage.GATEWAY, "the relay is on this machine")
        if not is_inside(self._own.host):
            return skipped(Stage.GATEWAY, "this machine has a public address")
        port = MappedPort(lambda: None)
        try:
            await port.open(self._own.port)
            await port.settled()
            protocol = port.protocol
            address = "" if port.address is None else str(port.address)
        finally:
            port.close()
            await port.removed()
        return nat_findings.gateway(protocol, address, is_hard=self._is_hard)


async def _arrives(outer: UdpSocket, target: TransportAddress, arrived: asyncio.Event) -> bool:
    for _ in range(_HAIRPIN_SENDS):
        outer.send(b"hairpin", target[:2])
        try:
            async with asyncio.timeout(_HAIRPIN_WITHIN / _HAIRPIN_SENDS):
                await arrived.wait()
        except TimeoutError:
            continue
        return True
    return False


def _own_host(relay: TransportAddress) -> str:
    """Return the own address towards the relay; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(relay[:2])
        return str(sock.getsockname()[0])
