"""Examines the way to a relay, stage by stage; every stage has a deadline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from packhorse.aio.http_date import clock_offset
from packhorse.aio.interfaces import local_addresses
from packhorse.aio.nat_doctor import NatDoctor
from packhorse.aio.paths import UdpPath, WebSocketPath, describe, resolve
from packhorse.aio.probe_line import ProbeLine
from packhorse.aio.udp import SocketAddress
from packhorse.core.doctor import findings
from packhorse.core.doctor.finding import ExaminationStage, Finding, Result
from packhorse.core.doctor.nat_findings import ipv6
from packhorse.core.relay_address import RelayAddress
from packhorse.wire.errors import ConnectivityError

Stage = ExaminationStage

_DEADLINES: Final = {
    Stage.RESOLVE: 5.0,
    Stage.UDP: 5.0,
    Stage.WEBSOCKET: 16.0,
    Stage.VERSION: 1.0,
    Stage.RTT: 16.0,
    Stage.SIZE: 12.0,
    Stage.MAPPING: 8.0,
    Stage.FILTERING: 8.0,
    Stage.HAIRPIN: 6.0,
    Stage.GATEWAY: 12.0,
    Stage.IPV6: 1.0,
    Stage.CLOCK: 6.0,
}
"""Seconds for each stage."""
_INTERVAL: Final = 0.25  # seconds between probes; a relay answers five a second
_PATIENCE: Final = 1.0  # seconds for an answer
_GREETINGS: Final = 3  # tries of each address
_SAMPLES: Final = 10
_SMALL: Final = 256  # bytes; the smallest HELLO that is answered
_SIZES: Final = (1200, 1200, 1024, 1024, 800, 800, 576, 576)  # bytes
_WEBSOCKET_WITHIN: Final = 3.0  # seconds for one address and scheme
_NO_RELAY: Final = "the relay does not answer"
_NO_UDP: Final = "the relay does not answer by UDP"


class Doctor:
    """An async context manager; examine once."""

    def __init__(self, relay: RelayAddress) -> None:
        """Examine nothing yet."""
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._stack = AsyncExitStack()
        self._addresses: list[SocketAddress] = []
        self._by_udp: list[SocketAddress] = []
        self._websocket: WebSocketPath | None = None
        self._line: ProbeLine | None = None  # over which round trips and sizes are measured
        self._nat: NatDoctor | None = None
        self._began_at = 0.0

    async def __aenter__(self) -> "Doctor":
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._stack.aclose()

    async def examine(
        self, on_begun: Callable[[ExaminationStage], None] = lambda _stage: None
    ) -> AsyncIterator[Finding]:
        """Yield what each stage has found, in the order of the stages.

        Args:
            on_begun: Called with each stage that begins.
        """
        stages: dict[ExaminationStage, Callable[[], Awaitable[Finding]]] = {
            Stage.RESOLVE: self._resolve,
            Stage.UDP: self._greet_by_udp,
            Stage.WEBSOCKET: self._greet_by_websocket,
            Stage.VERSION: self._compare_versions,
            Stage.RTT: self._measure_rtt,
            Stage.SIZE: self._measure_size,
            Stage.MAPPING: lambda: self._ask_nat(Stage.MAPPING),
            Stage.FILTERING: lambda: self._ask_nat(Stage.FILTERING),
            Stage.HAIRPIN: lambda: self._ask_nat(Stage.HAIRPIN),
            Stage.GATEWAY: lambda: self._ask_nat(Stage.GATEWAY),
            Stage.IPV6: self._look_at_ipv6,
            Stage.CLOCK: self._compare_clocks,
        }
        for stage, examine in stages.items():
            on_begun(stage)
            yield await self._within_deadline(stage, examine)

    async def _within_deadline(
        self, stage: ExaminationStage, examine: Callable[[], Awaitable[Finding]]
    ) -> Finding:
        if stage is not Stage.RESOLVE and not self._addresses:
            return findings.skipped(stage, "the relay's name has no address")
        self._began_at = self._loop.time()
        try:
            async with asyncio.timeout(_DEADLINES[stage]):
                return await examine()
        except TimeoutError:
            return Finding(stage, Result.FAILED, f"did not end within {_DEADLINES[stage]:g} s")
        except OSError as error:
            return Finding(stage, Result.FAILED, describe(error))

    @property
    def _elapsed(self) -> float:
        return self._loop.time() - self._began_at

    async def _resolve(self) -> Finding:
        try:
            self._addresses = await resolve(self._relay)
        except ConnectivityError:
            return findings.resolved(self._relay.host, (), self._elapsed)
        hosts = [host for host, _port in self._addresses]
        return findings.resolved(self._relay.host, hosts, self._elapsed)

    async def _greet_by_udp(self) -> Finding:
        if self._relay.scheme:
            return findings.skipped(Stage.UDP, "the address is one of a WebSocket")
        found = await asyncio.gather(*(self._greet(address) for address in self._addresses))
        self._by_udp = [
            address
            for address, has_answered in zip(self._addresses, found, strict=True)
            if has_answered
        ]
        where = str(RelayAddress(*self._by_udp[0])) if self._by_udp else ""
        return findings.udp(where, self._elapsed)

    async def _greet(self, address: SocketAddress) -> bool:
        """Tell whether an address answers by UDP; the first that does is measured later."""
        stack = AsyncExitStack()
        try:
            line = await stack.enter_async_context(ProbeLine(UdpPath(address)))
        except OSError:
            return False
        for _ in range(_GREETINGS):
            if await line.ask(size=_SMALL, patience=_PATIENCE) is not None:
                if self._line is None:
                    self._line = line
                    self._stack.push_async_exit(stack)
                else:
                    await stack.aclose()
                return True
        await stack.aclose()
        return False

    async def _greet_by_websocket(self) -> Finding:
        schemes = (self._relay.scheme,) if self._relay.scheme else ("ws", "wss")
        urls = [self._relay.over(scheme) for scheme in schemes]
        problem = ""
        for url in urls:
            for address in self._addresses[:2]:
                path = WebSocketPath(address, url)
                rtts, trouble = await self._probe_websocket(path)
                if rtts:
                    self._websocket = path
                    return self._websocket_finding(url, "", rtts)
                problem = problem or trouble
        return self._websocket_finding(urls[0], problem, [])

    def _websocket_finding(self, url: RelayAddress, problem: str, rtts: list[float]) -> Finding:
        by_udp = bool(self._by_udp)
        return findings.websocket(str(url), problem, rtts, by_udp=by_udp, seconds=self._elapsed)

    async def _probe_websocket(self, path: WebSocketPath) -> tuple[list[float], str]:
        """Return round-trip times, or why there are none."""
        stack = AsyncExitStack()
        try:
            async with asyncio.timeout(_WEBSOCKET_WITHIN):
                line = await stack.enter_async_context(ProbeLine(path))
        except TimeoutError:
            return [], f"{path}: no connection within {_WEBSOCKET_WITHIN:g} s"
        except OSError as error:
            return [], f"{path}: {describe(error)}"
        first = await line.ask(size=_SMALL, patience=_PATIENCE)
        if first is None:
            await stack.aclose()
            return [], f"{path}: it opens, but nothing answers"
        rtts = [first]
        for _ in range(2):
            await asyncio.sleep(_INTERVAL)
            rtt = await line.ask(size=_SMALL, patience=_PATIENCE)
            rtts += [] if rtt is None else [rtt]
        if self._line is None:
            self._line = line
            self._stack.push_async_exit(stack)
        else:
            await stack.aclose()
        return rtts, ""

    async def _compare_versions(self) -> Finding:
        answer = self._line.answer if self._line else None
        if answer is None:
            return findings.skipped(Stage.VERSION, _NO_RELAY)
        return findings.version(answer)

    async def _measure_rtt(self) -> Finding:
        if self._line is None:
            return findings.skipped(Stage.RTT, _NO_RELAY)
        rtts = []
        for _ in range(_SAMPLES):
            await asyncio.sleep(_INTERVAL)
            rtt = await self._line.ask(size=_SMALL, patience=_PATIENCE)
            rtts += [] if rtt is None else [rtt]
        return findings.round_trip(rtts, _SAMPLES)

    async def _measure_size(self) -> Finding:
        if self._line is None or not self._by_udp:
            return findings.skipped(Stage.SIZE, _NO_UDP)
        for size in _SIZES:
            await asyncio.sleep(_INTERVAL)
            if await self._line.ask(size=size, patience=_PATIENCE) is not None:
                return findings.largest_datagram(size)
        return findings.largest_datagram(0)

    async def _ask_nat(self, stage: ExaminationStage) -> Finding:
        address = next((each for each in self._by_udp if ":" not in each[0]), None)
        if address is None:
            return findings.skipped(stage, f"{_NO_UDP} and IPv4")
        if self._nat is None:
            self._nat = await self._stack.enter_async_context(NatDoctor(address))
        return await self._nat.examine(stage)

    async def _look_at_ipv6(self) -> Finding:
        own = [host for host in local_addresses() if ":" in host]
        relay = [host for host, _port in self._addresses if ":" in host]
        return ipv6(own, relay, [host for host, _port in self._by_udp if ":" in host])

    async def _compare_clocks(self) -> Finding:
        path = self._websocket
        if path is None:
            return findings.skipped(Stage.CLOCK, "only an answer by WebSocket tells the time")
        offset = await clock_offset(path.relay, path.address)
        if offset is None:
            return findings.skipped(Stage.CLOCK, "the answer does not tell the time")
        return findings.clock(offset)
